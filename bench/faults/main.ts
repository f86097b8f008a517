import { type Campaign, measureBus } from "./campaign.js";
import { NETWORK_FAULTS } from "./faults.js";
import { createNamespace, LOOPBACK, type Network, namespaceObstacle } from "./network.js";
import { HELP, type Options, parseOptions, UsageError } from "./options.js";
import { killPrograms, LOG_FILE } from "./program.js";
import { Progress } from "./progress.js";
import { PAGE, PAGE_NUMBERS, type RecordedRun, writeNumbers, writePage } from "./report.js";
import { bold, red } from "./style.js";
import { terminalHeading } from "./table.js";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const interruption = new AbortController();

/** What is to be undone, however this ends. */
const debts = new Set<() => Promise<void>>();

function owe(release: () => Promise<void>): () => void {
  debts.add(release);
  return () => debts.delete(release);
}

async function releaseAll(): Promise<void> {
  interruption.abort();
  killPrograms();
  await Promise.all([...debts].map((release) => release()));
}

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
  const progress = new Progress(process.stderr, rate);
  const network = chooseNetwork(options);
  const signal = interruption.signal;
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

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

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
  const options = parseOptions(process.argv.slice(2));
  await (options.help ? process.stdout.write(HELP) : run(options));
} catch (error) {
  complain(error);
} finally {
  await releaseAll();
}
