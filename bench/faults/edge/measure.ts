import { setTimeout as pause } from "node:timers/promises";
import { waitTimeout } from "../../../src/testing/with-timeout.js";
import type { Progress } from "../../shared/progress.js";
import type { BenchBroker } from "../brokers.js";
import { meterLines } from "../throughput-meters.js";
import { EDGE_FAULTS } from "./faults.js";
import { type EdgeFigures, edgeFiguresOf } from "./figures.js";
import type { EdgeFaultName } from "./names.js";
import { type EdgeTestbed, startEdgeTestbed } from "./testbed.js";

export interface EdgeRunOptions {
  readonly fault: EdgeFaultName;
  readonly broker: BenchBroker;
  readonly rate: number;
  readonly progress: Progress;
  /** Registers what must run if the run is interrupted. @returns a function to call when it has been done already */
  cleanUpAtEnd(cleanup: () => Promise<void>): () => void;
}

/** How long traffic is steady before a fault, and after it. */
const STEADY_MS = 3_000;

/** How long an acknowledgement may take when nothing is sent any more: more than `maxWait` of the edge. */
const SETTLE_MS = 45_000;

/** Workers import their modules anew, perhaps on a machine that is busy otherwise. */
const WAIT_MS = 120_000;

/** One run. @throws Error when something cannot be started */
export async function measureEdge(options: EdgeRunOptions): Promise<EdgeFigures> {
  const { fault, broker, progress, cleanUpAtEnd } = options;
  progress.phase("starting workers, edges and clients");
  const starting = waitTimeout.run(WAIT_MS, () => startEdgeTestbed({ fault, queue: broker.url }));
  const end = async () => (await starting).end();
  const endedAlready = cleanUpAtEnd(() => end().catch(() => {}));
  try {
    return await waitTimeout.run(WAIT_MS, async () => measureAt(await starting, options));
  } finally {
    endedAlready();
    await starting.then(
      (testbed) => testbed.end(),
      () => {},
    );
  }
}

async function measureAt(
  testbed: EdgeTestbed,
  { fault, broker, rate, progress }: EdgeRunOptions,
): Promise<EdgeFigures> {
  const { load, record } = testbed;
  const count = (kind: string) => record.items.filter(({ event }) => event === kind).length;
  progress.watch(meterLines([{ title: "handled", count: () => count("began") }], rate));
  load.send(rate);
  progress.phase("steady");
  await pause(STEADY_MS);
  progress.phase("fault");
  const inflicted = await EDGE_FAULTS[fault]({ ...testbed, broker });
  progress.phase("steady again");
  await pause(STEADY_MS);
  progress.phase("waiting for acknowledgements");
  const ledger = await load.finish(SETTLE_MS);
  return edgeFiguresOf({ fault, ...inflicted, ...ledger, record: record.items });
}
