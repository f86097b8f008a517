import type { Case } from "./cases.js";
import { windowOf } from "./cases.js";
import type { SystemName } from "./names.js";
import type { Recorder } from "./recording.js";
import type { LoadRun } from "./sender.js";
import { EMPTY_ROOM, MARKER_BYTES, type Recordings, ROOM, Session, type Setting } from "./session.js";

/** What the emitter of that system writes for the case. */
export async function recordingsOf(recorder: Recorder, system: SystemName, measured: Case): Promise<Recordings> {
  const { sender, hasMember, bytes } = measured;
  return {
    load: await recorder.record(system, sender, hasMember ? ROOM : EMPTY_ROOM, bytes),
    marker: hasMember ? undefined : await recorder.record(system, sender, ROOM, MARKER_BYTES),
  };
}

/** One run of one system. */
export interface Measured extends LoadRun {
  /** Of the measured process, in milliseconds. */
  readonly serverCpu: number;
}

/** Milliseconds. Compilers and caches are done by then. */
const WARM_UP_MS = 700;

export interface Times {
  readonly warmUp: number;
  readonly measured: number;
}

export const TIMES: Times = { warmUp: WARM_UP_MS, measured: 1_200 };

/** The measured process, all of its messages, and nothing else in between. */
async function withCpu(session: Session, run: () => Promise<LoadRun>): Promise<Measured> {
  const before = session.server.cpu();
  const measured = await run();
  return { ...measured, serverCpu: session.server.cpu() - before };
}

/** Runs the case at saturation. @throws Error when a process ends, or a client is not served */
export async function measureSaturated(setting: Setting, measured: Case, recordings: Recordings, times: Times) {
  const session = await Session.open(setting, measured, recordings);
  try {
    const window = windowOf(measured);
    await session.load.run({ op: "saturate", time: times.warmUp, window });
    return await withCpu(session, () => session.load.run({ op: "saturate", time: times.measured, window }));
  } finally {
    await session.end();
  }
}

/** Runs the case at a steady rate, in messages a second. @throws Error as above */
export async function measurePaced(
  setting: Setting,
  measured: Case,
  recordings: Recordings,
  times: Times,
  rate: number,
) {
  const session = await Session.open(setting, measured, recordings);
  try {
    await session.load.run({ op: "saturate", time: times.warmUp, window: windowOf(measured) });
    return await withCpu(session, () => session.load.run({ op: "pace", time: times.measured, rate }));
  } finally {
    await session.end();
  }
}
