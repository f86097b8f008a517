import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExecutionContext } from "ava";
import test from "ava";
import { startScript } from "../helpers/process.js";
import { modulePath, moduleUrl } from "../helpers/run-from.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** The files that a program loads, ES modules and CommonJS alike, by V8's own account. */
async function loadedBy(t: ExecutionContext, program: string): Promise<readonly string[]> {
  const directory = temporaryDirectory(t);
  const env = { NODE_V8_COVERAGE: directory };
  const run = startScript(t, program, [], { env });
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
  return readdirSync(directory)
    .flatMap((file) => JSON.parse(readFileSync(`${directory}/${file}`, "utf8")).result as { url: string }[])
    .filter(({ url }) => url.startsWith("file:"))
    .map(({ url }) => fileURLToPath(url));
}

test("an emitter that only writes loads neither Socket.IO nor what reads messages", async (t) => {
  const files = await loadedBy(
    t,
    `import { createEmitter } from "${moduleUrl("src/emitter/index.ts")}";
     const emitter = createEmitter("memory://", { logger: false });
     await emitter.emit("hello");
     await emitter.close();`,
  );
  t.true(files.includes(modulePath("src/emitter/target.ts")));
  const unwanted =
    /\/node_modules\/(socket\.io|engine\.io|amqplib|@platformatic)|\/protocol\/(decode|pickle)|ack-listener|\/cluster\/cluster\.[jt]s/;
  t.deepEqual(
    files.filter((file) => unwanted.test(file) && !file.includes("/lazy-ack-listener.")),
    [],
  );
});

test("the bus of a broker loads nothing of the protocol", async (t) => {
  const files = await loadedBy(t, `import "${moduleUrl("src/bus/redis/redis-bus.ts")}";`);
  t.true(files.includes(modulePath("src/bus/redis/redis-bus.ts")));
  t.deepEqual(
    files.filter((file) => /\/src\/(protocol|cluster|adapter|emitter)\/|msgpack|socket\.io/.test(file)),
    [],
  );
});
