import { type Case, MEMORY_CLIENTS, windowOf } from "./cases.js";
import type { Recorder } from "./recording.js";
import type { LoadRun } from "./sender.js";
import {
  EMPTY_ROOM,
  Load,
  MARKER_BYTES,
  MeasuredServer,
  type Recordings,
  ROOM,
  Session,
  type Setting,
} from "./session.js";
import type { SystemName } from "./systems.js";

/** The messages that the emitter of that system writes for the case. */
export async function recordingsOf(recorder: Recorder, system: SystemName, measured: Case): Promise<Recordings> {
  const { sender, hasMember, bytes } = measured;
  return {
    load: await recorder.record(system, sender, hasMember ? ROOM : EMPTY_ROOM, bytes),
    marker: hasMember ? undefined : await recorder.record(system, sender, ROOM, MARKER_BYTES),
  };
}

/** One run of one system under load. */
export interface TrafficRun extends LoadRun {
  readonly kind: "traffic";
  /** CPU time of the measured process, in milliseconds. */
  readonly serverCpu: number;
  /** Bytes of a message on its way to Redis, with its envelope. */
  readonly wireBytes: number;
}

/** The memory of one system, in bytes per client. */
export interface MemoryRun {
  readonly kind: "memory";
  readonly rssPerClient: number;
  /** The part that JavaScript objects use; null where the runtime cannot tell. */
  readonly heapPerClient: number | null;
}

export type Run = TrafficRun | MemoryRun;

export interface Times {
  /** Milliseconds until code is optimised and caches are filled. */
  readonly warmUp: number;
  readonly measured: number;
}

export const TIMES: Times = { warmUp: 700, measured: 1_200 };
export const SHORT_TIMES: Times = { warmUp: 500, measured: 700 };

/** Percentiles of latency need more messages than a mean. */
const LATENCY_TIMES = 2.5;

/** Clients that connect and disconnect before memory is measured, so that one-time costs are not counted. */
const WARM_UP_CLIENTS = 200;

/**
 * For Node. The young generation grows with the rate at which clients connect, in steps of several MiB, which would
 * distort the figure per client.
 */
const SMALL_YOUNG_GENERATION: readonly string[] = ["--max-semi-space-size=1"];

/** Measures one system in one case. @throws Error when a process ends, or a client gets no message */
export async function measure(setting: Setting, measured: Case, recorder: Recorder, times: Times): Promise<Run> {
  return measured.drive.kind === "memory"
    ? measureMemory(setting)
    : measureTraffic(setting, measured, await recordingsOf(recorder, setting.system, measured), times);
}

async function measureTraffic(
  setting: Setting,
  measured: Case,
  recordings: Recordings,
  times: Times,
): Promise<TrafficRun> {
  const session = await Session.open(setting, measured, recordings);
  const saturate = (time: number) => session.load.run({ op: "saturate", time, window: windowOf(measured) });
  try {
    await saturate(times.warmUp);
    const run = await runOf(measured, times, saturate);
    const before = session.server.cpu();
    const result = await run(session.load);
    const serverCpu = session.server.cpu() - before;
    return { kind: "traffic", ...result, serverCpu, wireBytes: recordings.load.bytes.length };
  } finally {
    await session.end();
  }
}

type Saturate = (time: number) => Promise<LoadRun>;

/** Determines the rate before anything is measured. */
async function runOf({ drive }: Case, { warmUp, measured }: Times, saturate: Saturate) {
  const pace = (rate: number) => (load: Load) => load.run({ op: "pace", time: measured * LATENCY_TIMES, rate });
  switch (drive.kind) {
    case "steady":
      return pace(drive.rate);
    case "half": {
      const { sent, elapsed } = await saturate(warmUp);
      return pace((sent / elapsed) * 1_000 * 0.5);
    }
    default:
      return () => saturate(measured);
  }
}

/** Measures how much connected clients add to the memory of a server that is warmed up. */
async function measureMemory(setting: Setting): Promise<MemoryRun> {
  const server = await MeasuredServer.start(setting, SMALL_YOUNG_GENERATION);
  const loads: Load[] = [];
  const connect = async (clients: number): Promise<Load> => {
    const load = new Load();
    loads.push(load);
    const none = { kind: "clients", rooms: [], otherRooms: 0, idle: 0, idleRooms: 0 } as const;
    await load.sendAndWait(
      { op: "open", redisPort: setting.redis.port, port: server.port, clients, ...none },
      "opened",
    );
    return load;
  };
  try {
    await (await connect(WARM_UP_CLIENTS)).end();
    const before = await server.memory();
    await connect(MEMORY_CLIENTS);
    const after = await server.memory();
    return {
      kind: "memory",
      rssPerClient: (after.rss - before.rss) / MEMORY_CLIENTS,
      heapPerClient: after.heap === null || before.heap === null ? null : (after.heap - before.heap) / MEMORY_CLIENTS,
    };
  } finally {
    await Promise.all([server.end(), ...loads.map((load) => load.end())]);
  }
}
