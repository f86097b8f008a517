import { waitTimeout } from "../../src/testing/with-timeout.js";
import { bold, red } from "../../src/util/terminal-style.js";
import { BUS_TITLES, type BusName } from "../faults/names.js";
import { receivedLines } from "../fleet/client.js";
import type { Fleet } from "../fleet/fleet.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { problemsOf, type Soak } from "./figures.js";
import { measureSoak, startSoakFleet } from "./measure.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { soakTable, writeNumbers, writePage } from "./report.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** A broker takes its time to start beside others. */
const START_MS = 120_000;

async function run(options: Options): Promise<void> {
  const { buses, minutes, json, write } = options;
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  progress.begin("steady traffic");
  const settings = { ...options, signal: interrupted, cleanUpAtEnd };
  const fleets = new Map<BusName, Fleet>();
  for (const bus of buses) {
    progress.phase(`starting the hosts on ${BUS_TITLES[bus]}`);
    fleets.set(bus, await waitTimeout.run(START_MS, () => startSoakFleet(bus, settings)));
  }
  progress.phase(`${buses.map((bus) => BUS_TITLES[bus]).join(", ")}: ${minutes} min`);
  progress.watch(() => [...fleets].flatMap(([bus, { clients }]) => receivedLines(BUS_TITLES[bus], clients)));
  const outcomes = await Promise.allSettled([...fleets].map(([bus, fleet]) => measureSoak(bus, fleet, settings)));
  progress.end();
  if (interrupted.aborted) {
    return;
  }
  const soaks: Soak[] = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
  print(soakTable(soaks));
  if (json !== undefined) {
    writeNumbers(json, soaks);
  }
  if (write) {
    print(`wrote ${writePage(soaks).join(", ")}`);
  }
  const problems = [...failures, ...soaks.flatMap(problemsOf)];
  for (const problem of problems) {
    print(red(problem));
  }
  const bad = `Not everything stays as it is; ${LOG_FILE} has the logs of the programs.`;
  print(bold(problems.length === 0 ? "Nothing grows, and nothing is lost." : red(bad)));
  process.exitCode = problems.length === 0 ? 0 : 1;
}

await runBenchmark({ name: "soak", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
