import { setTimeout as pause } from "node:timers/promises";
import type { Line } from "../../../src/testing/program.js";
import { now, type Span } from "../../shared/clock.js";
import type { BenchBroker } from "../brokers.js";
import type { EdgeEvidence } from "./figures.js";
import { DARK_MS, type EdgeFaultName } from "./names.js";
import type { EdgeTestbed } from "./testbed.js";

/** What a fault acts on. */
export interface EdgeScene extends EdgeTestbed {
  readonly broker: BenchBroker;
}

export interface Inflicted extends Pick<EdgeEvidence, "killedWorker" | "isOfKilledEdge"> {
  /** From the fault until everything that is to come back is there. */
  readonly span: Span;
}

type Fault = (scene: EdgeScene) => Promise<Inflicted>;

/** How long Python's `disconnect` handlers may take to run for the clients of an edge that is dead. */
const DISCONNECT_MS = 20_000;

async function during(fault: () => Promise<unknown>): Promise<Span> {
  const from = now();
  await fault();
  return { from, to: now() };
}

/** Kills the worker that handles an event which takes its time. gunicorn starts another one. */
async function killWorker({ gunicorn, load, record }: EdgeScene): Promise<Inflicted> {
  const before = record.items.length;
  load.hold(0);
  const { pid } = await record.find(
    "an event that takes its time",
    ({ event }, index) => index >= before && event === "holding",
  );
  const killedWorker = Number(pid);
  return { span: await during(() => gunicorn.killWorker(killedWorker)), killedWorker };
}

/** Each second client is connected to the first edge. */
const isOfKilledEdge = (client: number): boolean => client % 2 === 0;

async function killEdge({ edges: [edge], record }: EdgeScene): Promise<Inflicted> {
  const clients = new Set(
    record.items.flatMap(({ event, client, sid }) =>
      event === "connect" && isOfKilledEdge(Number(client)) ? [sid] : [],
    ),
  );
  const span = await during(() => edge.kill());
  const remaining = new Set(clients);
  const isLast = ({ event, sid }: Line) => event === "disconnect" && remaining.delete(sid) && remaining.size === 0;
  // Whether that is so is a figure.
  await record.find("the disconnect handlers", isLast, DISCONNECT_MS).catch(() => {});
  return { span, isOfKilledEdge };
}

export const EDGE_FAULTS: Readonly<Record<EdgeFaultName, Fault>> = {
  "edge-reload": async ({ gunicorn }) => ({ span: await during(() => gunicorn.reload()) }),
  "edge-restart": async ({ gunicorn }) => ({
    span: await during(async () => {
      await gunicorn.stop();
      await gunicorn.start();
    }),
  }),
  "edge-worker-killed": killWorker,
  "edge-black-hole": async ({ link }) => ({
    span: await during(async () => {
      link.darken();
      await pause(DARK_MS);
      link.lighten();
    }),
  }),
  "edge-killed": killEdge,
  "edge-redis": async ({ broker }) => ({
    span: await during(async () => {
      await broker.crash();
      await broker.start();
    }),
  }),
};
