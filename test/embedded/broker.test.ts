import test from "ava";
import { startScript } from "../helpers/process.js";
import { moduleUrl } from "../helpers/run-from.js";
import { connectTo, startBroker } from "./raw-client.js";

test("listens on a loopback port and reports its URL", async (t) => {
  const { url, port } = await startBroker(t);
  t.is(url, `redis://127.0.0.1:${port}`);
});

test("close() disconnects everyone and frees the port, and is idempotent", async (t) => {
  const broker = await startBroker(t);
  const [idle, half] = [await connectTo(t, broker.port), await connectTo(t, broker.port)];
  half.send("*2\r\n$4\r\nPING\r\n$1000\r\nx");
  await Promise.all([broker.close(), broker.close()]);
  t.is(await idle.rest(), "");
  t.is(await half.rest(), "");
  const error = await t.throwsAsync(connectTo(t, broker.port));
  t.is((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
});

test("after close() the process ends by itself", async (t) => {
  const module = moduleUrl("src/embedded/broker.ts").href;
  const script = `
    const { startEmbeddedBroker } = await import(${JSON.stringify(module)});
    const { connect } = await import("node:net");
    const broker = await startEmbeddedBroker();
    const quitting = connect(Number(new URL(broker.url).port), "127.0.0.1");
    quitting.on("error", () => {});
    quitting.write("*1\\r\\n$4\\r\\nQUIT\\r\\n");
    await new Promise((resolve) => quitting.once("data", resolve));
    await broker.close();
    console.log("closed");`;
  const program = startScript(t, script);
  t.is(await program.exited(), 0);
  t.deepEqual(program.stdout.items, ["closed"]);
});
