import { printable } from "../../../src/util/printable.js";
import { red } from "../../../src/util/terminal-style.js";
import { machine } from "../../shared/docs-page.js";
import { BROKERS } from "../brokers.js";
import { type Campaign, withStarted } from "../campaign.js";
import { measureEdge } from "./measure.js";
import { EDGE_FAULT_TITLES, type EdgeFaultName } from "./names.js";
import { edgeRows, type RecordedEdgeRun } from "./report.js";
import { edgeTerminalRow } from "./table.js";

export interface EdgeOutcome {
  readonly runs: readonly RecordedEdgeRun[];
  /** Whether every run succeeded and met the requirements. */
  readonly isGood: boolean;
}

/** Measures these faults of the edge, over Redis. Failures are printed, and do not stop the rest. */
export async function measureEdgeFaults(faults: readonly EdgeFaultName[], campaign: Campaign): Promise<EdgeOutcome> {
  const { progress, print, rate, edgeRepeat, signal, cleanUpAtEnd } = campaign;
  progress.begin("the edge");
  const runs: RecordedEdgeRun[] = [];
  let isGood = true;
  const fail = (what: string, error: unknown): void => {
    progress.end();
    isGood = false;
    if (!signal.aborted) {
      print(red(`The edge, ${what} failed: ${printable((error as Error).message)}`));
    }
  };
  const measureAll = async (broker: Awaited<ReturnType<typeof BROKERS.redis>>): Promise<void> => {
    for (const fault of faults) {
      const ofFault: RecordedEdgeRun[] = [];
      for (let run = 1; run <= edgeRepeat && !signal.aborted; run += 1) {
        const title = `${EDGE_FAULT_TITLES[fault]}, run ${run} of ${edgeRepeat}`;
        progress.begin(`the edge, ${title}`);
        try {
          const figures = await measureEdge({ fault, broker, rate, progress, cleanUpAtEnd });
          ofFault.push({ ...figures, measured: new Date().toISOString(), machine: machine(), rate });
        } catch (error) {
          fail(title, error);
        }
      }
      progress.end();
      for (const row of edgeRows(ofFault)) {
        print(edgeTerminalRow(row));
        isGood &&= row.failures.length === 0;
      }
      runs.push(...ofFault);
    }
  };
  try {
    await withStarted(campaign, () => BROKERS.redis("127.0.0.1"), measureAll);
  } catch (error) {
    fail("the start of Redis", error);
  }
  return { runs, isGood };
}
