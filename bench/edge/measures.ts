import { setTimeout as pause } from "node:timers/promises";
import type { ContenderName } from "./contenders.js";
import type { Figures, MeasureName } from "./figures.js";
import { Load } from "./load.js";
import { Server, type ServerOptions } from "./server.js";

/** How much of everything. Times are in milliseconds. */
export interface Extent {
  readonly warmUp: number;
  readonly time: number;
  /** Clients that echo, each as fast as it gets answers. */
  readonly busyClients: number;
  readonly fanOutClients: number;
  readonly idleClients: number;
  /** Of these, those of a server with threads for each client. */
  readonly idleThreaded: number;
  /** Echoes of the one client. */
  readonly paced: number;
  /** For memory to come to rest. */
  readonly settle: number;
}

export const FULL: Extent = {
  ...{ warmUp: 1_000, time: 2_500, busyClients: 100, fanOutClients: 1_000, idleClients: 5_000 },
  ...{ idleThreaded: 1_000 },
  ...{ paced: 300, settle: 2_000 },
};

/** To see whether all of it works. */
export const SHORT: Extent = {
  ...{ warmUp: 200, time: 500, busyClients: 20, fanOutClients: 50, idleClients: 100 },
  ...{ idleThreaded: 100 },
  ...{ paced: 50, settle: 200 },
};

const PACE_MS = 4;
const EMIT_BYTES = 1_024;
/** Emits of a burst. */
const BURST = 4;
/** Of the workers that wait for a database. */
const QUERY_THREADS = 4;
const REDEPLOY_CLIENTS = 50;
/** An old gthread worker waits for its WebSockets, beyond gunicorn's time for a graceful end, until this is over. */
const REDEPLOY_TIMEOUT_SECONDS = 10;
const TRICKLE_MS = 100;
/** Events after the new workers are there. */
const AFTER_REDEPLOY_MS = 500;

/** Where a contender is started, and how much is measured. */
export interface Stage {
  readonly redisUrl: string;
  readonly extent: Extent;
}

export interface Measure {
  readonly contenders: readonly ContenderName[];
  /** @throws Error when an answer is missing or wrong, or a client is disconnected */
  run(contender: ContenderName, stage: Stage): Promise<Figures>;
}

/** @param sorted - ascending, not empty */
const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;

interface Session {
  readonly server: Server;
  readonly load: Load;
}

/** Starts a contender and a load, and ends both. */
async function inSession(
  contender: ContenderName,
  { redisUrl }: Stage,
  options: Omit<ServerOptions, "redisUrl">,
  measure: (session: Session) => Promise<Figures>,
): Promise<Figures> {
  const server = await Server.start(contender, { redisUrl, ...options });
  const load = new Load();
  try {
    return await measure({ server, load });
  } finally {
    await Promise.all([load.end(), server.end()]);
  }
}

async function assertNobodyGone(load: Load): Promise<void> {
  const { count, reason } = await load.gone();
  if (count > 0) {
    throw new Error(`${count} clients were disconnected: ${reason}`);
  }
}

const echo: Measure = {
  contenders: ["gthread", "edge-gthread", "gevent", "edge-gevent", "edge-granian", "asgi", "edge-asgi"],
  run: (contender, stage) => {
    const { busyClients, warmUp, time, paced } = stage.extent;
    return inSession(contender, stage, { clients: busyClients }, async ({ server, load }) => {
      await load.connect(server.port, busyClients);
      await load.saturate("echo", warmUp);
      const echoRate = await load.saturate("echo", time);
      const times = (await load.pace(paced, PACE_MS)).toSorted((one, other) => one - other);
      await assertNobodyGone(load);
      return { echoRate, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
    });
  },
};

const query: Measure = {
  contenders: [
    "gthread",
    "gevent",
    "asgi",
    "edge-gthread",
    "edge-gthread-4",
    "edge-granian",
    "edge-granian-4",
    "edge-asgi",
  ],
  run: (contender, stage) => {
    const { busyClients, warmUp, time } = stage.extent;
    return inSession(contender, stage, { clients: busyClients, threads: QUERY_THREADS }, async ({ server, load }) => {
      await load.connect(server.port, busyClients);
      await load.saturate("query", warmUp);
      const queryRate = await load.saturate("query", time);
      await load.saturate("slow query", warmUp);
      const slowQueryRate = await load.saturate("slow query", time);
      await assertNobodyGone(load);
      return { queryRate, slowQueryRate };
    });
  },
};

const fanOut: Measure = {
  contenders: ["gthread", "edge-gthread", "gevent", "asgi", "edge-asgi"],
  run: (contender, stage) => {
    const { fanOutClients: clients, warmUp, time } = stage.extent;
    return inSession(contender, stage, { clients }, async ({ server, load }) => {
      await load.connect(server.port, clients);
      const emitAtOnce = async (atOnce: number) => {
        await load.fanOut(EMIT_BYTES, warmUp, atOnce);
        const [cpuBefore, start] = [server.cpu(), performance.now()];
        const emits = await load.fanOut(EMIT_BYTES, time, atOnce);
        const [cpu, took] = [server.cpu() - cpuBefore, performance.now() - start];
        return { cpu: (cpu * 1_000) / (emits * clients), rate: (emits * 1_000) / took };
      };
      const [one, burst] = [await emitAtOnce(1), await emitAtOnce(BURST)];
      await assertNobodyGone(load);
      return { cpuPerDelivery: one.cpu, cpuPerBurstDelivery: burst.cpu, emitRate: one.rate };
    });
  },
};

const idle: Measure = {
  contenders: ["gthread", "edge-gthread", "gevent", "asgi", "edge-asgi"],
  run: (contender, stage) => {
    const { idleClients, idleThreaded, settle } = stage.extent;
    const clients = contender === "gthread" ? Math.min(idleClients, idleThreaded) : idleClients;
    return inSession(contender, stage, { clients: clients + 1 }, async ({ server, load }) => {
      // What is loaded with the first client is not the clients'.
      await load.connect(server.port, 1);
      await pause(settle);
      const before = server.memory();
      const connectRate = await load.connect(server.port, clients);
      await pause(settle);
      const memory = server.memory() - before;
      await assertNobodyGone(load);
      return { memoryPerClient: memory / 1_024 / clients, connectRate };
    });
  },
};

const redeploy: Measure = {
  contenders: ["gthread", "gevent", "edge-gthread", "edge-gthread-4"],
  run: (contender, stage) =>
    inSession(
      contender,
      stage,
      { clients: REDEPLOY_CLIENTS, workerTimeout: REDEPLOY_TIMEOUT_SECONDS },
      async ({ server, load }) => {
        await load.connect(server.port, REDEPLOY_CLIENTS);
        await load.trickle(TRICKLE_MS);
        await server.redeploy();
        await pause(AFTER_REDEPLOY_MS);
        const { sent, lost } = await load.stop();
        const { count } = await load.gone();
        return { dropped: (count / REDEPLOY_CLIENTS) * 100, lost: (lost / sent) * 100 };
      },
    ),
};

export const MEASURES: Readonly<Record<MeasureName, Measure>> = { echo, query, "fan-out": fanOut, idle, redeploy };
