import { join } from "node:path";
import test from "ava";
import { parseOptions } from "../../bench/attack/options.js";
import { type Attack, runAttacks } from "../../bench/attack/run.js";
import { logTo } from "../../bench/shared/programs.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const ends: Attack = {
  attack: "floods",
  name: "ends a host",
  perform: async ({ targets: [first] }) => {
    await first?.end();
    return { frames: 0, bytes: 0 };
  },
};

const sends: Attack = {
  attack: "floods",
  name: "sends what nobody reads",
  perform: async ({ publish }) => {
    const payload = Buffer.from("{");
    await publish({ isSideChannel: false, payload });
    return { frames: 1, bytes: payload.byteLength };
  },
};

test("a host that dies is found, and started again for the next attack", async (t) => {
  logTo(join(temporaryDirectory(t), "attack.log"));
  const releases: (() => Promise<void>)[] = [];
  t.teardown(async () => {
    await Promise.all(releases.map((release) => release()));
  });
  const [killed, next] = await runAttacks({
    options: parseOptions(["--seed", "1"]),
    attacks: [ends, sends],
    progress: { phase: () => {} },
    signal: new AbortController().signal,
    cleanUp: (release) => releases.push(release),
    onOutcome: () => {},
  });

  t.regex(killed?.problems.join("\n") ?? "", /^the next good message does not arrive at host-1 .*\n.*host-1 is dead: /);
  t.deepEqual(next?.problems, []);
  t.deepEqual(
    next?.answers.map(({ name, asked }) => [name, asked]),
    ["host-1", "host-2", "emitter", "host-3"].map((name) => [name, 3]),
  );
});
