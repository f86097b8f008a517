import { BROKERS } from "./brokers.js";
import { NETWORK_FAULTS } from "./faults.js";
import { measure } from "./measure.js";
import { BUS_TITLES, type BusName, FAULT_TITLES } from "./names.js";
import { createNamespace, LOOPBACK, type Network, namespaceObstacle } from "./network.js";
import { HELP, type Options, parseOptions, UsageError } from "./options.js";
import { killPrograms, LOG_FILE } from "./program.js";
import { Progress } from "./progress.js";
import { groupedRows, PAGE, PAGE_NUMBERS, type RecordedRun, record, writeNumbers, writePage } from "./report.js";
import { bold, red } from "./style.js";
import { terminalHeading, terminalRows } from "./table.js";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What to undo at the end, however it comes; the last first. */
const releases: (() => unknown)[] = [];

async function releaseAll(): Promise<void> {
  killPrograms();
  for (const release of releases.splice(0).reverse()) {
    await release();
  }
}

function chooseNetwork({ faults }: Options): Network {
  const needed = faults.filter((fault) => NETWORK_FAULTS.includes(fault));
  const obstacle = namespaceObstacle();
  if (needed.length > 0 && obstacle !== undefined) {
    const others = faults.filter((fault) => !needed.includes(fault));
    const alternative = others.length > 0 ? `, or leave them out: --fault ${others.join(",")}` : "";
    throw new UsageError(`${needed.join(" and ")} need a network namespace, and ${obstacle}${alternative}`);
  }
  if (needed.length === 0) {
    return LOOPBACK;
  }
  const network = createNamespace();
  releases.push(network.remove);
  return network;
}

/** @returns whether no run failed */
async function measureBus(bus: BusName, network: Network, options: Options, recorded: RecordedRun[]): Promise<boolean> {
  const { faults, repeat, rate, heartbeatInterval } = options;
  const progress = new Progress(process.stderr, rate);
  releases.push(() => progress.end());
  progress.begin(BUS_TITLES[bus]);
  progress.phase("starting the broker");
  const broker = await BROKERS[bus](network.brokerAddress);
  const end = () => broker.end();
  releases.push(end);
  let isGood = true;
  for (const fault of faults) {
    const runs: RecordedRun[] = [];
    for (let run = 1; run <= repeat; run += 1) {
      progress.begin(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} of ${repeat}`);
      try {
        const measured = await measure({ bus, fault, broker, network, rate, heartbeatInterval, progress });
        runs.push(record(measured, options));
      } catch (error) {
        isGood = false;
        progress.end();
        say(red(`${bus}, ${fault}, run ${run} failed: ${(error as Error).message}`));
      }
    }
    progress.end();
    recorded.push(...runs);
    for (const rows of groupedRows(runs)) {
      say(terminalRows(rows, runs.length));
      isGood &&= rows.every(({ failures }) => failures.length === 0);
    }
  }
  await broker.end();
  releases.splice(releases.indexOf(end), 1);
  return isGood;
}

async function run(options: Options): Promise<void> {
  const network = chooseNetwork(options);
  const recorded: RecordedRun[] = [];
  let isGood = true;
  say(terminalHeading());
  for (const bus of options.buses) {
    isGood = (await measureBus(bus, network, options, recorded)) && isGood;
  }
  if (options.json !== undefined) {
    writeNumbers(options.json, recorded);
  }
  if (options.write) {
    writePage(recorded);
    say(`wrote ${PAGE} and ${PAGE_NUMBERS}`);
  }
  say(
    isGood
      ? bold("All figures are as required.")
      : bold(red(`Not as required; ${LOG_FILE} has what the processes said.`)),
  );
  process.exitCode = isGood ? 0 : 1;
}

/** Of Ctrl-C everybody in the terminal hears; what is left is to clean up. */
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
] as const) {
  process.once(signal, () => {
    void releaseAll().finally(() => process.exit(code));
  });
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
  } else {
    await run(options);
  }
} catch (error) {
  process.exitCode = error instanceof UsageError ? 2 : 1;
  process.stderr.write(
    `faults: ${(error as Error).message}${process.exitCode === 2 ? "; --help shows what there is" : ""}\n`,
  );
} finally {
  await releaseAll();
}
