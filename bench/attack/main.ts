import { waitTimeout } from "../../src/testing/with-timeout.js";
import { bold, red } from "../../src/util/terminal-style.js";
import { BUS_TITLES } from "../faults/names.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { writePage } from "./page.js";
import { heading, outcomeLines, writeNumbers } from "./report.js";
import { runAttacks } from "./run.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A process takes its time to start beside others that are busy. */
const WAIT_MS = 120_000;

async function run(options: Options): Promise<void> {
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  print(`${BUS_TITLES[options.bus]}, seed ${options.seed}`);
  print(heading());
  progress.begin("attacks");
  const outcomes = await waitTimeout.run(WAIT_MS, () =>
    runAttacks({
      ...{ options, progress, signal: interrupted, cleanUp: cleanUpAtEnd },
      onOutcome: (outcome) => {
        progress.pause();
        print(outcomeLines(outcome));
      },
    }),
  );
  progress.end();
  if (interrupted.aborted) {
    return;
  }
  if (options.json !== undefined) {
    writeNumbers(options.json, options, outcomes);
  }
  if (options.write) {
    print(`wrote ${writePage(options, outcomes).join(", ")}`);
  }
  const bad = outcomes.filter(({ problems }) => problems.length > 0).length;
  const again = `Again with --seed ${options.seed}; ${LOG_FILE} has the logs of the programs.`;
  print(
    bold(
      bad === 0
        ? `${outcomes.length} attacks, no harm.`
        : red(`${bad} of ${outcomes.length} attacks do harm. ${again}`),
    ),
  );
  process.exitCode = bad === 0 ? 0 : 1;
}

await runBenchmark({ name: "attack", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
