import { red } from "../../src/util/terminal-style.js";
import type { Progress } from "../shared/progress.js";
import { BROKERS } from "./brokers.js";
import { measure, type RunOptions } from "./measure.js";
import { BUS_TITLES, type BusName, FAULT_TITLES, type FaultName } from "./names.js";
import type { Network } from "./network.js";
import type { Options } from "./options.js";
import { groupedRows, type RecordedRun, record } from "./report.js";
import { terminalRows } from "./table.js";

export interface Campaign extends Pick<Options, "faults" | "repeat" | "rate" | "heartbeatInterval"> {
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

/** Measures every fault of one broker. Failures are printed, and do not stop the rest. */
export async function measureBus(bus: BusName, campaign: Campaign): Promise<Outcome> {
  const { network, progress, print, cleanUpAtEnd } = campaign;
  progress.begin(BUS_TITLES[bus]);
  progress.phase("starting the broker");
  const launched = BROKERS[bus](network.brokerAddress);
  const end = async () => (await launched).end();
  const cleanedUp = cleanUpAtEnd(() => end().catch(() => {}));
  const outcomes: Outcome[] = [];
  try {
    const broker = await launched;
    for (const fault of campaign.faults) {
      outcomes.push(await measureFault({ ...campaign, bus, fault, broker }));
    }
    cleanedUp();
    await broker.end();
  } catch (error) {
    progress.end();
    print(red(`${bus}: ${(error as Error).message}`));
    outcomes.push({ runs: [], isGood: false });
  }
  return { runs: outcomes.flatMap(({ runs }) => runs), isGood: outcomes.every(({ isGood }) => isGood) };
}

type FaultCampaign = Campaign & RunOptions & { readonly bus: BusName; readonly fault: FaultName };

async function measureFault(campaign: FaultCampaign): Promise<Outcome> {
  const { bus, fault, repeat, progress, print, signal } = campaign;
  const runs: RecordedRun[] = [];
  for (let run = 1; run <= repeat && !signal.aborted; run += 1) {
    progress.begin(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} of ${repeat}`);
    try {
      runs.push(record(await measure(campaign), campaign));
    } catch (error) {
      progress.end();
      if (!signal.aborted) {
        print(red(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} failed: ${(error as Error).message}`));
      }
    }
  }
  progress.end();
  const rows = groupedRows(runs).flat();
  if (rows.length > 0) {
    print(terminalRows(rows, runs.length));
  }
  return { runs, isGood: runs.length === repeat && rows.every(({ failures }) => failures.length === 0) };
}
