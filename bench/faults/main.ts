import { bold, red } from "../../src/util/terminal-style.js";
import { UsageError } from "../shared/options.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { type Campaign, measureBus } from "./campaign.js";
import { measureEdgeFaults } from "./edge/campaign.js";
import { EDGE_NUMBERS, writeEdgePart } from "./edge/report.js";
import { NETWORK_FAULTS } from "./faults.js";
import { LOG_FILE } from "./names.js";
import { createNamespace, LOOPBACK, type Network, namespaceObstacle } from "./network.js";
import { HELP, type Options, parseOptions } from "./options.js";
import { PAGE, PAGE_NUMBERS, type RecordedRun, writeNumbers, writePage } from "./report.js";
import { terminalHeading } from "./table.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** @throws UsageError when a namespace is needed and cannot be created */
function chooseNetwork({ faults }: Options): Network {
  const needed = faults.filter((fault) => NETWORK_FAULTS.includes(fault));
  const obstacle = namespaceObstacle();
  if (needed.length > 0 && obstacle !== undefined) {
    const others = faults.filter((fault) => !needed.includes(fault));
    const alternative = others.length > 0 ? `; or measure the others: --fault ${others.join(",")}` : "";
    throw new UsageError(`${needed.join(" and ")} need a network namespace, and ${obstacle}${alternative}`);
  }
  if (needed.length === 0) {
    return LOOPBACK;
  }
  const network = createNamespace();
  // It is synchronous, so it runs however the process exits.
  process.once("exit", network.remove);
  return network;
}

async function run(options: Options): Promise<void> {
  const { faults, edgeFaults, repeat, edgeRepeat, rate, heartbeatInterval, json, write } = options;
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  const campaign: Campaign = {
    ...{ faults, repeat, edgeRepeat, rate, heartbeatInterval, progress, print, cleanUpAtEnd },
    network: chooseNetwork(options),
    signal: interrupted,
  };
  const recorded: RecordedRun[] = [];
  let isGood = true;
  if (faults.length > 0) {
    print(terminalHeading());
  }
  for (const bus of faults.length > 0 ? options.buses : []) {
    const outcome = await measureBus(bus, campaign);
    recorded.push(...outcome.runs);
    isGood &&= outcome.isGood;
    if (interrupted.aborted) {
      return;
    }
  }
  const edge = edgeFaults.length > 0 ? await measureEdgeFaults(edgeFaults, campaign) : { runs: [], isGood: true };
  if (interrupted.aborted) {
    return;
  }
  isGood &&= edge.isGood;
  if (json !== undefined) {
    writeNumbers(json, [...recorded, ...edge.runs]);
  }
  if (write && recorded.length > 0) {
    writePage(recorded);
    print(`wrote ${PAGE} and ${PAGE_NUMBERS}`);
  }
  if (write && edge.runs.length > 0) {
    writeEdgePart(edge.runs);
    print(`wrote ${PAGE} and ${EDGE_NUMBERS}`);
  }
  const bad = `Not all figures are as required; ${LOG_FILE} has the logs of the programs.`;
  print(bold(isGood ? "All figures are as required." : red(bad)));
  process.exitCode = isGood ? 0 : 1;
}

await runBenchmark({ name: "faults", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
