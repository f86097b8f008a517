import { killPrograms } from "./programs.js";

const interruption = new AbortController();

/** Aborted when the measurement is to be given up. */
export const interrupted: AbortSignal = interruption.signal;

/** What is to be undone, however this ends. */
const debts = new Set<() => Promise<void>>();

/** Takes what must be undone if the measurement is interrupted. @returns a function for when that was done */
export function owe(release: () => Promise<void>): () => void {
  debts.add(release);
  return () => debts.delete(release);
}

async function releaseAll(): Promise<void> {
  interruption.abort();
  killPrograms();
  await Promise.all([...debts].map((release) => release()));
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Runs a measurement, and ends what it has started: when it is over, when it fails, when a signal comes.
 *
 * @param complain - says what went wrong, and sets the code to exit with
 */
export async function runToTheEnd(run: () => Promise<void>, complain: (error: unknown) => void): Promise<void> {
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => {
      void releaseAll().finally(() => process.exit(code));
    });
  }
  process.once("uncaughtException", (error) => {
    complain(error);
    void releaseAll().finally(() => process.exit());
  });
  process.once("exit", killPrograms);
  try {
    await run();
  } catch (error) {
    complain(error);
  } finally {
    await releaseAll();
  }
}
