import { decode, encode } from "@msgpack/msgpack";
import test, { type ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import { io as connect } from "socket.io-client";
import * as msgpackParser from "socket.io-msgpack-parser";
import { createEmitter } from "../../../src/emitter/create-emitter.js";
import type { AdapterOptions } from "../../../src/options.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { captureBus, throwingPayload } from "../captured-bus.js";

const PEER = "0123456789ab8def0123456789abcdef";

const emitMessage = (event: string) => `{"method": "emit", "event": "${event}", "data": null, "host_id": "peer"}`;

const fetchRequest = (id: number) =>
  encode({ type: "fetch_sockets", from: PEER, id, namespace: "/", rooms: [], except: [] });

async function startHost(
  t: ExecutionContext,
  options: AdapterOptions = {},
  serverOptions: Partial<ServerOptions> = {},
) {
  const captured = captureBus();
  const host = await startNodeHost(t, captured.bus, { encoding: "json", ...options }, serverOptions);
  const rejected = () => host.rejections.items.map(({ reason, detail, channel }) => [reason, detail, channel]);
  /** On the side channel, as the requesting host gets them. */
  const replies = () =>
    captured.published
      .filter(({ channel }) => channel === "socketio.node")
      .map(({ payload }) => decode(payload as Uint8Array) as Record<string, unknown>)
      .filter(({ type }) => type === "reply");
  return { ...captured, host, rejected, replies };
}

for (const passthrough of [true, false]) {
  test(`what throws while a message is read rejects it, and the next is delivered (passthrough: ${passthrough})`, async (t) => {
    const { host, receive, rejected } = await startHost(t, { passthrough });
    const client = await connectClient(t, host.url);
    t.notThrows(() => receive("socketio", throwingPayload("of a dependency")));
    receive("socketio", emitMessage("good"));
    t.deepEqual(await client.until("good"), []);
    // Without passthrough, the decoder's own guard comes first.
    const reason = passthrough ? "undeliverable" : "undecodable";
    t.deepEqual(rejected(), [[reason, '"of a dependency"', "socketio"]]);
    t.deepEqual(host.adapter.stats().rejected, { [reason]: 1 });
  });
}

test("what a parser of the application throws rejects the message, and the next is delivered", async (t) => {
  class ThrowingEncoder extends msgpackParser.Encoder {
    override encode(packet: { readonly data?: readonly unknown[] }) {
      if (packet.data?.[0] === "bad") {
        throw new Error("cannot encode");
      }
      return super.encode(packet);
    }
  }
  const parser = { ...msgpackParser, Encoder: ThrowingEncoder };
  const { host, receive, rejected } = await startHost(t, {}, { parser });
  const client = connect(host.url, { parser: msgpackParser, transports: ["websocket"] });
  cleanUp(t, () => client.close());
  const events = new Inbox<string>();
  client.onAny((event) => events.add(event));
  await withTimeout("the connection", new Promise<void>((resolve) => client.once("connect", resolve)));
  t.notThrows(() => receive("socketio", emitMessage("bad")));
  receive("socketio", emitMessage("good"));
  await events.find("the next event", () => true);
  t.deepEqual(events.items, ["good"]);
  t.deepEqual(rejected(), [["undeliverable", '"cannot encode"', "socketio"]]);
});

test("a host that collects acknowledgements gets its count, also of an emit that throws", async (t) => {
  const { host, receive, published } = await startHost(t);
  const client = await connectClient(t, host.url);
  host.io.sockets.sockets.get(client.sid)?.onAnyOutgoing(() => {
    throw new Error("of the application");
  });
  const message = { method: "emit", event: "e", data: null, callback: [null, "/", 7], host_id: PEER };
  receive("socketio", JSON.stringify({ ...message, node: { ackTimeout: 1_000 } }));
  const counts = published
    .filter(({ channel }) => channel === "socketio.node")
    .map(({ payload }) => decode(payload as Uint8Array) as Record<string, unknown>)
    .filter(({ type }) => type === "ack_count");
  t.like(counts, { length: 1, 0: { to: PEER, id: 7, clients: 0 } });
});

test("what throws while a message of the side channel is read rejects it, and the next is served", async (t) => {
  const { receive, rejected, replies } = await startHost(t);
  t.notThrows(() => receive("socketio.node", throwingPayload("of a dependency")));
  receive("socketio.node", fetchRequest(1));
  t.deepEqual(rejected(), [["undeliverable", '"of a dependency"', "socketio.node"]]);
  t.like(replies(), { length: 1, 0: { id: 1, isLast: true } });
});

test("what throws while a request is served rejects it; its host gets a reply, and the next is served", async (t) => {
  const { host, receive, rejected, replies } = await startHost(t);
  const client = await connectClient(t, host.url);
  const { handshake } = host.io.sockets.sockets.get(client.sid) ?? {};
  const throwing = {
    get: () => {
      throw new Error("of the application");
    },
  };
  Object.defineProperty(handshake, "broken", { ...throwing, enumerable: true, configurable: true });
  t.notThrows(() => receive("socketio.node", fetchRequest(1)));
  Reflect.deleteProperty(handshake ?? {}, "broken");
  receive("socketio.node", fetchRequest(2));
  await host.rejections.find("the rejection", () => true);
  t.deepEqual(rejected(), [["undeliverable", '"of the application"', "socketio.node"]]);
  t.like(
    replies().sort((one, other) => Number(one.id) - Number(other.id)),
    {
      length: 2,
      0: { to: PEER, id: 1, part: 0, isLast: true, items: [], error: "of the application" },
      1: { to: PEER, id: 2, part: 0, isLast: true },
    },
  );
});

test("what a bus throws while a request is replied to rejects the request", async (t) => {
  const { bus, ...captured } = captureBus();
  const { publish } = bus;
  let isBroken = false;
  const throwing = {
    ...bus,
    publish: (channel: string, payload: Uint8Array | string) => {
      if (isBroken) {
        throw new Error("of the bus");
      }
      return publish(channel, payload);
    },
  };
  const host = await startNodeHost(t, throwing, { encoding: "json" });
  isBroken = true;
  t.notThrows(() => captured.receive("socketio.node", fetchRequest(1)));
  await host.rejections.find("the rejection", () => true);
  isBroken = false;
  t.like(host.rejections.items, { length: 1, 0: { reason: "undeliverable", detail: '"of the bus"', hostId: PEER } });
});

test("what throws while an emitter reads a message is logged, and the next is read", async (t) => {
  const lines = new Inbox<string>();
  const logger = { info: () => {}, warn: (line: string) => lines.add(line) };
  const { bus, published, receive } = captureBus();
  const emitter = createEmitter(bus, { acks: true, encoding: "json", pythonHosts: "always", logger });
  cleanUp(t, () => emitter.close());
  // Its own `hello` has to come back, as it would from a broker.
  const { publish } = bus;
  bus.publish = async (channel, payload) => {
    await publish(channel, payload);
    receive(channel, payload);
  };
  const acked = emitter.to("A".repeat(20)).timeout(5_000).emitWithAck("e");
  const emit = await withTimeout(
    "the emit",
    (async () => {
      for (;;) {
        const found = published.find(({ channel }) => channel === "socketio");
        if (found !== undefined) {
          return JSON.parse(String(found.payload));
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })(),
  );
  t.notThrows(() => receive("socketio", throwingPayload("of a dependency")));
  const [sid, namespace, id] = emit.callback;
  receive("socketio", JSON.stringify({ method: "callback", host_id: emit.host_id, sid, namespace, id, args: ["ack"] }));
  t.deepEqual(await acked, ["ack"]);
  t.like(lines.items, { length: 1 });
  t.regex(lines.items[0] ?? "", /rejected a message on "socketio" .*: undecodable: "of a dependency"/);
});

for (const passthrough of [true, false]) {
  test(`a message that is rejected says nothing about Python hosts (passthrough: ${passthrough})`, async (t) => {
    const { host, receive, rejected } = await startHost(t, { passthrough });
    await connectClient(t, host.url);
    const keys =
      '"binary": false, "namespace": "/", "room": null, "skip_sid": null, "callback": null, "host_id": "peer"';
    receive("socketio", `{"method": "emit", "event": "bad", "data": [1,,2], ${keys}}`);
    t.deepEqual(
      rejected().map(([reason]) => reason),
      ["not_json"],
    );
    t.false(host.adapter.stats().pythonHosts);
    receive("socketio", `{"method": "emit", "event": "good", "data": [1,2], ${keys}}`);
    t.true(host.adapter.stats().pythonHosts);
  });
}

test("a client in a room that has no name does not hide all clients from fetchSockets()", async (t) => {
  const { host, receive, replies, rejected } = await startHost(t);
  const [odd, other] = [await connectClient(t, host.url), await connectClient(t, host.url)];
  await host.io.sockets.sockets.get(odd.sid)?.join(5n as unknown as string);
  receive("socketio.node", fetchRequest(1));
  const [reply] = replies();
  const items = reply?.items as { readonly id: string; readonly rooms: unknown }[];
  t.deepEqual(
    items.map(({ id, rooms }) => [id, rooms]),
    [
      [odd.sid, [odd.sid]],
      [other.sid, [other.sid]],
    ],
  );
  t.deepEqual(rejected(), []);
});
