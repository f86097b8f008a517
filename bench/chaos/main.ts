import { writeFileSync } from "node:fs";
import { waitTimeout } from "../../src/testing/with-timeout.js";
import { printable } from "../../src/util/printable.js";
import { bold, red } from "../../src/util/terminal-style.js";
import { BUS_TITLES, type BusName } from "../faults/names.js";
import { machine } from "../shared/docs-page.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { writePage } from "./page.js";
import { runReport } from "./report.js";
import { type ChaosRun, runChaos } from "./run.js";
import { summaryOf } from "./summary.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A broker or a process takes its time to start beside others that are busy. */
const WAIT_MS = 120_000;

/** Failures to run are printed, and do not stop the rest. @returns undefined if it failed */
async function runBus(bus: BusName, options: Options, progress: Progress): Promise<ChaosRun | undefined> {
  const { seed, minutes, rate, heartbeatInterval } = options;
  progress.begin(BUS_TITLES[bus]);
  try {
    const settings = { bus, seed, minutes, rate, heartbeatInterval, progress, cleanUpAtEnd, signal: interrupted };
    const run = await waitTimeout.run(WAIT_MS, () => runChaos(settings));
    progress.end();
    if (!interrupted.aborted) {
      print(`${runReport(BUS_TITLES[bus], run)}\n`);
    }
    return run;
  } catch (error) {
    progress.end();
    if (!interrupted.aborted) {
      print(red(`${BUS_TITLES[bus]}, seed ${seed}: ${printable((error as Error).message)}`));
    }
    return undefined;
  }
}

async function run(options: Options): Promise<void> {
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  print(`seed ${options.seed}`);
  const runs: ChaosRun[] = [];
  for (const bus of options.buses) {
    const done = await runBus(bus, options, progress);
    if (interrupted.aborted) {
      return;
    }
    runs.push(...(done === undefined ? [] : [done]));
  }
  if (options.json !== undefined) {
    const lines = runs.map((each) => JSON.stringify(each)).join(",\n");
    const head = JSON.stringify({ measured: new Date().toISOString(), machine: machine(), unit: "milliseconds" });
    writeFileSync(options.json, `{"head": ${head}, "runs": [\n${lines}\n]}\n`);
  }
  if (options.write) {
    const recorded = { measured: new Date().toISOString(), machine: machine() };
    print(`wrote ${writePage(runs.map((each) => ({ ...summaryOf(each), ...recorded }))).join(", ")}`);
  }
  const isGood = runs.length === options.buses.length && runs.every(({ failures }) => failures.length === 0);
  const bad = `Not everything is accounted for; ${LOG_FILE} has the logs of the programs. Again with --seed ${options.seed}.`;
  print(bold(isGood ? "Everything is accounted for." : red(bad)));
  process.exitCode = isGood ? 0 : 1;
}

await runBenchmark({ name: "chaos", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
