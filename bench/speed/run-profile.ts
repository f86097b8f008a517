import { caseOf, windowOf } from "./cases.js";
import { recordingsOf } from "./measure.js";
import { profileTable, readProfile, selfTimes } from "./profile.js";
import type { Recorder } from "./recording.js";
import { Session, type Setting } from "./session.js";
import type { SystemName } from "./systems.js";

const WARM_UP_MS = 2_000;
const PROFILED_MS = 5_000;
const ROWS = 40;

/** Profiles one system in one case. @returns a table for the terminal */
export async function profileCase(
  setting: Omit<Setting, "system">,
  recorder: Recorder,
  system: SystemName,
  name: string,
): Promise<string> {
  const measured = caseOf(name);
  const file = `build/${system}-${name}.cpuprofile`;
  const session = await Session.open({ ...setting, system }, measured, await recordingsOf(recorder, system, measured));
  try {
    const { program } = session.server;
    const window = windowOf(measured);
    await session.load.run({ op: "saturate", time: WARM_UP_MS, window });
    await program.sendAndWait({ op: "profile" }, "profiling");
    const run = await session.load.run({ op: "saturate", time: PROFILED_MS, window });
    await program.sendAndWait({ op: "save-profile", file }, "saved");
    const title = `${system}, ${measured.title}: ${run.sent} messages, profile in ${file}`;
    return `${title}\n${profileTable(selfTimes(readProfile(file)), run.sent, ROWS)}`;
  } finally {
    await session.end();
  }
}
