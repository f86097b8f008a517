import { decode, encode } from "@msgpack/msgpack";
import test, { type ExecutionContext } from "ava";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { untilStats } from "../helpers/node-hosts.js";
import { captureBus } from "./captured-bus.js";

/*
 * What applications throw while a message is delivered or answered. An uncaught exception or an unhandled rejection fails
 * the test that it comes from: AVA sees to that.
 */

const PEER = "0123456789ab8def0123456789abcdef";

const EMIT = '{"method": "emit", "event": "e", "data": null}';

async function startHost(t: ExecutionContext) {
  const captured = captureBus();
  const host = await startNodeHost(t, captured.bus, { encoding: "json" });
  const threw = (what: string) => host.log.filter((line) => line.includes(`${what} threw "of the application" (at `));
  const command = (message: object) =>
    captured.receive("socketio", JSON.stringify({ namespace: "/", host_id: "peer", ...message }));
  return { ...captured, host, threw, command };
}

const fail = (): never => {
  throw new Error("of the application");
};

test("what listeners throw is logged; the other listeners are called, and the next message is delivered", async (t) => {
  const { host, receive, report, threw } = await startHost(t);
  const client = await connectClient(t, host.url);
  const called: string[] = [];
  for (const method of ["onEmit", "onRejected", "onStatus"] as const) {
    host.adapter[method](fail);
    host.adapter[method](() => called.push(method));
  }
  receive("socketio", EMIT);
  receive("socketio", "[]");
  report({ type: "connecting" });
  t.deepEqual(called, ["onEmit", "onRejected", "onStatus"]);
  receive("socketio", EMIT.replace('"e"', '"next"'));
  t.deepEqual(await client.until("next"), [["e"]]);
  for (const method of ["onEmit", "onRejected", "onStatus"]) {
    t.is(threw(`an ${method} listener`).length, 1);
  }
});

test("a handler that throws keeps a command of another host from no other client", async (t) => {
  const { host, command, threw } = await startHost(t);
  const clients = [await connectClient(t, host.url), await connectClient(t, host.url)];
  const { sockets } = host.io;
  sockets.adapter.on("join-room", (room) => room === "r" && fail());
  sockets.adapter.on("leave-room", (room) => room === "r" && fail());
  for (const { sid } of clients) {
    sockets.sockets.get(sid)?.on("disconnect", fail);
  }
  command({ method: "node_join", rooms: null, except: [], names: ["r"] });
  t.is(sockets.adapter.rooms.get("r")?.size, 2);
  command({ method: "close_room", room: "r" });
  t.is(sockets.adapter.rooms.get("r")?.size ?? 0, 0);
  command({ method: "enter_room", sid: clients[0]?.sid, room: "r" });
  command({ method: "leave_room", sid: clients[0]?.sid, room: "r" });
  command({ method: "disconnect", sid: clients[0]?.sid });
  t.is(sockets.sockets.size, 1);
  command({ method: "node_disconnect", rooms: null, except: [], close: false });
  t.is(sockets.sockets.size, 0);
  t.is(threw("a handler that a command of another host ran").length, 1);
  t.deepEqual(host.rejections.items, []);
});

test("what a listener for serverSideEmit() throws rejects the request, and whoever asked is told", async (t) => {
  const { host, receive, published } = await startHost(t);
  host.io.on("ask" as never, fail as never);
  const request = { type: "server_side_emit", from: PEER, id: 1, namespace: "/", isAcknowledged: true };
  receive("socketio.node", encode({ ...request, args: ["ask"] }));
  await host.rejections.find("the rejection", ({ detail }) => detail === '"of the application"');
  // More than a call may have.
  host.io.on("many" as never, (() => {}) as never);
  receive("socketio.node", encode({ ...request, id: 2, args: ["many", ...Array(200_000).fill(1)] }));
  await host.rejections.find("the second", ({ detail }) => /call stack/.test(detail));
  const replies = published
    .map(({ payload }) => (typeof payload === "string" ? {} : (decode(payload) as Record<string, unknown>)))
    .filter(({ type }) => type === "reply");
  t.like(replies, { length: 2, 0: { id: 1, isLast: true, error: "of the application" }, 1: { id: 2, isLast: true } });
  t.regex(String(replies[1]?.error), /call stack/);
});

test("what a callback for acknowledgements throws is logged", async (t) => {
  const { host, receive, published, threw } = await startHost(t);
  // Its own `hello` comes back, as it would from a broker.
  for (const { channel, payload } of [...published]) {
    receive(channel, payload);
  }
  const client = await connectClient(t, host.url);
  await client.acknowledgeWith("ack");
  host.io.timeout(20_000).emit("ask", fail);
  await untilStats("the end of the collection", host, ({ pendingAcks }) => pendingAcks === 0);
  t.is(threw("a callback for acknowledgements").length, 1);
});

test.serial("what a logger throws is a warning of the process", async (t) => {
  const { bus, receive } = captureBus();
  const { adapter } = await startNodeHost(t, bus, { logger: { info: fail, warn: fail } });
  const warned = new Promise<Error>((resolve) => process.once("warning", resolve));
  receive("socketio", "[]");
  t.is((await warned).message, "of the application");
  t.deepEqual(adapter.stats().rejected, { not_object: 1 });
});
