import type { Progress } from "../shared/progress.js";
import { red } from "../../src/util/terminal-style.js";
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
  /** Aborted when it is to be given up. */
  readonly interruption: AbortSignal;
  say(text: string): void;
  /** Takes what must be undone if the campaign is interrupted. @returns a function for when that was done */
  owe(release: () => Promise<void>): () => void;
}

export interface Outcome {
  readonly runs: readonly RecordedRun[];
  /** All went through, and gave the required figures. */
  readonly isGood: boolean;
}

/** Every fault of one broker. What fails is said and does not stop the rest. */
export async function measureBus(bus: BusName, campaign: Campaign): Promise<Outcome> {
  const { network, progress, say, owe } = campaign;
  progress.begin(BUS_TITLES[bus]);
  progress.phase("starting the broker");
  const launched = BROKERS[bus](network.brokerAddress);
  const end = async () => (await launched).end();
  const paid = owe(() => end().catch(() => {}));
  const outcomes: Outcome[] = [];
  try {
    const broker = await launched;
    for (const fault of campaign.faults) {
      outcomes.push(await measureFault({ ...campaign, bus, fault, broker }));
    }
    paid();
    await broker.end();
  } catch (error) {
    progress.end();
    say(red(`${bus}: ${(error as Error).message}`));
    outcomes.push({ runs: [], isGood: false });
  }
  return { runs: outcomes.flatMap(({ runs }) => runs), isGood: outcomes.every(({ isGood }) => isGood) };
}

type FaultCampaign = Campaign & RunOptions & { readonly bus: BusName; readonly fault: FaultName };

async function measureFault(campaign: FaultCampaign): Promise<Outcome> {
  const { bus, fault, repeat, progress, say, interruption } = campaign;
  const runs: RecordedRun[] = [];
  for (let run = 1; run <= repeat && !interruption.aborted; run += 1) {
    progress.begin(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} of ${repeat}`);
    try {
      runs.push(record(await measure(campaign), campaign));
    } catch (error) {
      progress.end();
      if (!interruption.aborted) {
        say(red(`${BUS_TITLES[bus]}, ${FAULT_TITLES[fault]}, run ${run} failed: ${(error as Error).message}`));
      }
    }
  }
  progress.end();
  const rows = groupedRows(runs).flat();
  if (rows.length > 0) {
    say(terminalRows(rows, runs.length));
  }
  return { runs, isGood: runs.length === repeat && rows.every(({ failures }) => failures.length === 0) };
}
