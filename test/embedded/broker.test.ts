import { networkInterfaces } from "node:os";
import test from "ava";
import { Redis } from "ioredis";
import { startEmbeddedBroker } from "../../src/embedded/broker.js";
import { BridgeError } from "../../src/errors.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startScript } from "../helpers/process.js";
import { moduleUrl } from "../helpers/run-from.js";
import { connectTo, startBroker } from "./raw-client.js";

test("says where it listens, with the password fit for a URL", async (t) => {
  const plain = await startBroker(t);
  t.is(plain.url, `redis://127.0.0.1:${plain.port}`);
  const secret = await startBroker(t, { host: "localhost", password: "a:b@c/d%é" });
  t.is(secret.url, `redis://:a%3Ab%40c%2Fd%25%C3%A9@127.0.0.1:${secret.port}`);
  const client = new Redis(secret.url);
  cleanUp(t, () => client.disconnect());
  t.is(await client.ping(), "PONG");
});

const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));

(hasIPv6 ? test : test.skip)("listens on the loopback address of IPv6", async (t) => {
  const { url, port } = await startBroker(t, { host: "::1" });
  t.is(url, `redis://[::1]:${port}`);
  const client = new Redis(url);
  cleanUp(t, () => client.disconnect());
  t.regex(String(await client.client("INFO")), /addr=\[::1\]:\d+ laddr=\[::1\]:\d+ /);
});

const BAD: readonly (readonly [Parameters<typeof startEmbeddedBroker>[0], string])[] = [
  [{ host: "0.0.0.0" }, "the embedded broker listens on loopback addresses only, not on 0.0.0.0"],
  [{ host: "::" }, "the embedded broker listens on loopback addresses only, not on ::"],
  [{ host: "" }, "the embedded broker listens on loopback addresses only, not on "],
  [{ host: "127.example.org" }, "the embedded broker listens on loopback addresses only, not on 127.example.org"],
  [{ port: 65_536 }, "port is 65536; it takes a whole number from 0 to 65535"],
  [{ port: 1.5 }, "port is 1.5; it takes a whole number from 0 to 65535"],
  [{ password: "" }, "password must not be empty; leave it out to ask for none"],
  [{ password: "\ud800" }, "password must be well-formed Unicode, to fit into a URL"],
  [{ maxMessageBytes: 0 }, "maxMessageBytes is 0; it takes a whole number from 1 to 536870912"],
  [{ maxOutputBytes: Number.NaN }, "maxOutputBytes is NaN; it takes a whole number from 1 on"],
  [{ maxConnections: 100_000 }, "maxConnections is 100000; it takes a whole number from 1 to 65535"],
];

for (const [options, message] of BAD) {
  test(`refuses ${JSON.stringify(options)}`, async (t) => {
    const error = await t.throwsAsync(startEmbeddedBroker(options), { instanceOf: BridgeError, message });
    t.is(error?.code, "BRIDGE_INVALID_OPTION");
  });
}

test("a port that is taken is refused", async (t) => {
  const { port } = await startBroker(t);
  const error = await t.throwsAsync(startEmbeddedBroker({ port }), { instanceOf: BridgeError });
  t.is(error?.code, "BRIDGE_INVALID_OPTION");
  t.regex(error?.message ?? "", /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/);
});

test("close() disconnects everyone, twice is once, and the port is free", async (t) => {
  const broker = await startBroker(t);
  const [idle, half] = [await connectTo(t, broker.port), await connectTo(t, broker.port)];
  half.send("*2\r\n$4\r\nPING\r\n$1000\r\nx");
  await Promise.all([broker.close(), broker.close()]);
  t.is(await idle.rest(), "");
  t.is(await half.rest(), "");
  const again = await startBroker(t, { port: broker.port });
  t.is(again.port, broker.port);
});

test("after close() the process ends by itself", async (t) => {
  const module = moduleUrl("src/embedded/broker.ts").href;
  const script = `
    const { startEmbeddedBroker } = await import(${JSON.stringify(module)});
    const { connect } = await import("node:net");
    const broker = await startEmbeddedBroker();
    const quitting = connect(broker.port, "127.0.0.1");
    quitting.on("error", () => {});
    quitting.write("QUIT\\r\\n");
    await new Promise((resolve) => quitting.once("data", resolve));
    await broker.close();
    console.log("closed");`;
  const program = startScript(t, script);
  t.is(await program.exited(), 0);
  t.deepEqual(program.stdout.items, ["closed"]);
});
