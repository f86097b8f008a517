import { interrupted, owe, runToTheEnd } from "../shared/run-benchmark.js";
import { UsageError } from "../shared/options.js";
import { logTo } from "../shared/programs.js";
import { Progress } from "../shared/progress.js";
import { bold, red } from "../../src/util/terminal-style.js";
import { type Campaign, measureBus } from "./campaign.js";
import { NETWORK_FAULTS } from "./faults.js";
import { LOG_FILE } from "./names.js";
import { createNamespace, LOOPBACK, type Network, namespaceObstacle } from "./network.js";
import { HELP, type Options, parseOptions } from "./options.js";
import { PAGE, PAGE_NUMBERS, type RecordedRun, writeNumbers, writePage } from "./report.js";
import { terminalHeading } from "./table.js";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** @throws UsageError when a namespace is needed, and none can be made */
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
  // Nothing that could be waited for, so it is done in any case.
  process.once("exit", network.remove);
  return network;
}

async function run(options: Options): Promise<void> {
  const { faults, repeat, rate, heartbeatInterval, json, write } = options;
  const progress = new Progress(process.stderr);
  const network = chooseNetwork(options);
  const signal = interrupted;
  signal.addEventListener("abort", () => progress.end());
  const campaign: Campaign = {
    ...{ faults, repeat, rate, heartbeatInterval, network, progress, say, owe },
    interruption: signal,
  };
  const recorded: RecordedRun[] = [];
  let isGood = true;
  say(terminalHeading());
  for (const bus of options.buses) {
    const outcome = await measureBus(bus, campaign);
    recorded.push(...outcome.runs);
    isGood &&= outcome.isGood;
    if (signal.aborted) {
      return;
    }
  }
  if (json !== undefined) {
    writeNumbers(json, recorded);
  }
  if (write) {
    writePage(recorded);
    say(`wrote ${PAGE} and ${PAGE_NUMBERS}`);
  }
  const bad = `Not everything is as required; ${LOG_FILE} has what the processes said.`;
  say(bold(isGood ? "All figures are as required." : red(bad)));
  process.exitCode = isGood ? 0 : 1;
}

function complain(error: unknown): void {
  const isUsage = error instanceof UsageError;
  process.exitCode = isUsage ? 2 : 1;
  process.stderr.write(`faults: ${(error as Error).message}${isUsage ? "; --help shows what there is" : ""}\n`);
}

logTo(LOG_FILE);
await runToTheEnd(async () => {
  const options = parseOptions(process.argv.slice(2));
  await (options.help ? process.stdout.write(HELP) : run(options));
}, complain);
