import { printable } from "../../src/util/printable.js";
import { red } from "../../src/util/terminal-style.js";
import type { Progress } from "../shared/progress.js";
import { BROKERS } from "./brokers.js";
import { type BenchCluster, CLUSTERS } from "./clusters.js";
import { FAULTS, failOver } from "./faults.js";
import { measure, type Run } from "./measure.js";
import { BUS_TITLES, type BusName, FAULT_TITLES, type FaultName } from "./names.js";
import { LOOPBACK, type Network } from "./network.js";
import type { Options } from "./options.js";
import { groupedRows, type RecordedRun, record } from "./report.js";
import { terminalRows } from "./table.js";
import type { Testbed } from "./testbed.js";

export interface Campaign extends Pick<Options, "faults" | "repeat" | "edgeRepeat" | "rate" | "heartbeatInterval"> {
  readonly network: Network;
  readonly progress: Progress;
  /** Aborted when the campaign is to be given up. */
  readonly signal: AbortSignal;
  print(text: string): void;
  /** Registers what must run if the campaign is interrupted. @returns a function to call when it has been done already */
  cleanUpAtEnd(cleanup: () => Promise<void>): () => void;
}

export interface Outcome {
  readonly runs: readonly RecordedRun[];
  /** Whether every run succeeded and met the requirements. */
  readonly isGood: boolean;
}

interface Ending {
  end(): Promise<void>;
}

/** Starts something, and ends it whatever happens, an interrupt of the campaign included. */
export async function withStarted<Started extends Ending, Result>(
  { cleanUpAtEnd, progress }: Campaign,
  start: () => Promise<Started>,
  use: (started: Started) => Promise<Result>,
): Promise<Result> {
  progress.phase("starting the broker");
  const starting = start();
  const end = async () => (await starting).end();
  const endedAlready = cleanUpAtEnd(() => end().catch(() => {}));
  const result = await use(await starting);
  endedAlready();
  await end();
  return result;
}

/** Measures every fault of one broker. Failures are printed, and do not stop the rest. */
export async function measureBus(bus: BusName, campaign: Campaign): Promise<Outcome> {
  const { faults, progress, print } = campaign;
  progress.begin(BUS_TITLES[bus]);
  const outcomes: Outcome[] = [];
  try {
    const ofBroker = faults.filter((fault) => fault !== "failover");
    if (ofBroker.length > 0) {
      outcomes.push(...(await measureBroker(bus, ofBroker, campaign)));
    }
    const launch = CLUSTERS[bus];
    if (launch !== undefined && faults.includes("failover")) {
      outcomes.push(await measureFault(bus, "failover", campaign, () => measureFailover(bus, launch, campaign)));
    }
  } catch (error) {
    progress.end();
    print(red(`${bus}: ${printable((error as Error).message)}`));
    outcomes.push({ runs: [], isGood: false });
  }
  return { runs: outcomes.flatMap(({ runs }) => runs), isGood: outcomes.every(({ isGood }) => isGood) };
}

/** One broker for all these faults, each of which it survives. */
function measureBroker(
  bus: BusName,
  faults: readonly Exclude<FaultName, "failover">[],
  campaign: Campaign,
): Promise<readonly Outcome[]> {
  const { network, rate } = campaign;
  return withStarted(
    campaign,
    () => BROKERS[bus](network.brokerAddress),
    async (broker) => {
      const outcomes: Outcome[] = [];
      for (const fault of faults) {
        const inflict = ({ host }: Testbed) => FAULTS[fault]({ broker, network, host, rate });
        const run = () => measure({ ...campaign, bus, fault, url: broker.url, inflict });
        outcomes.push(await measureFault(bus, fault, campaign, run));
      }
      return outcomes;
    },
  );
}

/** A cluster is not whole again after its fault, so each run has its own. */
function measureFailover(bus: BusName, launch: () => Promise<BenchCluster>, campaign: Campaign): Promise<Run> {
  return withStarted(campaign, launch, (cluster) => {
    const { url, asyncUrl } = cluster;
    const inflict = ({ channel }: Testbed) => failOver(cluster, channel);
    return measure({ ...campaign, bus, fault: "failover", url, asyncUrl, inflict, network: LOOPBACK });
  });
}

async function measureFault(
  bus: BusName,
  fault: FaultName,
  campaign: Campaign,
  measureOnce: () => Promise<Run>,
): Promise<Outcome> {
  const { repeat, progress, print, signal } = campaign;
  const runs: RecordedRun[] = [];
  for (let run = 1; run <= repeat && !signal.aborted; run += 1) {
    progress.begin(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} of ${repeat}`);
    try {
      runs.push(record(await measureOnce(), campaign));
    } catch (error) {
      progress.end();
      if (!signal.aborted) {
        print(
          red(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} failed: ${printable((error as Error).message)}`),
        );
      }
    }
  }
  progress.end();
  const rows = groupedRows(runs).flat();
  if (rows.length > 0) {
    print(terminalRows(rows));
  }
  return { runs, isGood: runs.length === repeat && rows.every(({ failures }) => failures.length === 0) };
}
