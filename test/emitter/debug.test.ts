import test from "ava";
import { startScript } from "../helpers/process.js";
import { moduleUrl } from "../helpers/run-from.js";

const SECRET = "s3cret";

/** What a process with an emitter writes to stderr. */
async function runEmitter(t: Parameters<typeof startScript>[0], DEBUG: string | undefined) {
  const script = `
    import { createEmitter } from "${moduleUrl("src/emitter/index.ts")}";
    const emitter = createEmitter("memory://fleet", { channel: "flask-socketio" });
    await emitter.of("/chat").to(["a", "b"]).emit("greeting", { password: "${SECRET}" });
    await emitter.in("a").socketsJoin("c");
    await emitter.closeRoom("c");
    await emitter.serverSideEmit("news", "${SECRET}");
    await emitter.close();
  `;
  const env: NodeJS.ProcessEnv = { DEBUG, DEBUG_COLORS: "no" };
  const run = startScript(t, script, [], { env });
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
  t.deepEqual(run.stdout.items, []);
  return run.stderr.items;
}

test("DEBUG=socketio-python-bridge:* shows what an emitter does, without what the application sends", async (t) => {
  const lines = await runEmitter(t, "socketio-python-bridge:*");
  const text = lines.join("\n");
  t.regex(text, /socketio-python-bridge:emitter writes to channel flask-socketio of memory as [0-9a-f]{32}/);
  t.regex(text, /emit 'greeting': namespace \/chat, rooms \[ 'a', 'b' \], except \[\]/);
  t.regex(text, /join 'c': namespace \/, rooms \[ 'a' \]/);
  t.regex(text, /command { method: 'close_room', room: 'c' }: namespace \/,/);
  t.regex(text, /server-side emit 'news': namespace \//);
  t.regex(text, /status closed/);
  t.false(text.includes(SECRET));
});

test("without DEBUG nothing is written", async (t) => {
  t.deepEqual(await runEmitter(t, undefined), []);
  t.deepEqual(await runEmitter(t, "socket.io*"), []);
});
