import { printable } from "../../src/util/printable.js";
import { UsageError } from "./options.js";
import { killPrograms, logTo } from "./programs.js";

const interruption = new AbortController();

/** Aborted when the measurement is to be given up. */
export const interrupted: AbortSignal = interruption.signal;

const cleanups = new Set<() => Promise<void>>();

/** Registers what must run however the measurement ends. @returns a function to call when it has been done already */
export function cleanUpAtEnd(cleanup: () => Promise<void>): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

async function cleanUpAll(): Promise<void> {
  interruption.abort();
  killPrograms();
  await Promise.all([...cleanups].map((cleanup) => cleanup()));
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A command line tool that measures. */
export interface Benchmark<Options extends { readonly help: boolean }> {
  /** In errors. */
  readonly name: string;
  /** Takes the standard error of the programs that are started. */
  readonly logFile: string;
  readonly help: string;
  /** @throws UsageError */
  parse(args: readonly string[]): Options;
  run(options: Options): Promise<void>;
}

/**
 * Runs a measurement from the command line. Ends everything that it has started when it is over, when it fails, and when
 * a signal arrives.
 */
export async function runBenchmark<Options extends { readonly help: boolean }>({
  name,
  logFile,
  help,
  parse,
  run,
}: Benchmark<Options>): Promise<void> {
  const complain = (error: unknown): void => {
    const isUsage = error instanceof UsageError;
    process.exitCode = isUsage ? 2 : 1;
    process.stderr.write(
      `${name}: ${printable((error as Error).message)}${isUsage ? "; --help shows what there is" : ""}\n`,
    );
  };
  logTo(logFile);
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => {
      void cleanUpAll().finally(() => process.exit(code));
    });
  }
  process.once("uncaughtException", (error) => {
    complain(error);
    void cleanUpAll().finally(() => process.exit());
  });
  process.once("exit", killPrograms);
  try {
    const options = parse(process.argv.slice(2));
    await (options.help ? process.stdout.write(help) : run(options));
  } catch (error) {
    complain(error);
  } finally {
    await cleanUpAll();
  }
}
