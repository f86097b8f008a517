import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import test from "ava";
import { startProcess } from "../helpers/process.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** The files that a program loads, ES modules and CommonJS alike, by V8's own account. */
async function loadedBy(t: ExecutionContext, program: string): Promise<readonly string[]> {
  const directory = temporaryDirectory(t);
  const env = { NODE_V8_COVERAGE: directory };
  const run = startProcess(t, process.execPath, ["--input-type=module", "--eval", program], { env });
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
  return readdirSync(directory)
    .flatMap((file) => JSON.parse(readFileSync(`${directory}/${file}`, "utf8")).result as { url: string }[])
    .filter(({ url }) => url.startsWith("file:"))
    .map(({ url }) => fileURLToPath(url));
}

test("an emitter that only writes loads neither Socket.IO nor what reads messages", async (t) => {
  const files = await loadedBy(
    t,
    `import { createEmitter } from "./build/src/emitter/index.js";
     const emitter = createEmitter("memory://", { logger: false });
     await emitter.emit("hello");
     await emitter.close();`,
  );
  t.true(files.some((file) => file.endsWith("/emitter/target.js")));
  const unwanted =
    /\/node_modules\/(socket\.io|engine\.io|amqplib|@platformatic)|\/protocol\/(decode|pickle)|ack-listener|cluster\.js/;
  t.deepEqual(
    files.filter((file) => unwanted.test(file) && !file.endsWith("/lazy-ack-listener.js")),
    [],
  );
});

test("the bus of a broker loads nothing of the protocol", async (t) => {
  const files = await loadedBy(t, 'import "./build/src/bus/redis/redis-bus.js";');
  t.true(files.some((file) => file.endsWith("/bus/redis/redis-bus.js")));
  t.deepEqual(
    files.filter((file) => /\/src\/(protocol|cluster|adapter|emitter)\/|msgpack|socket\.io/.test(file)),
    [],
  );
});
