import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { Server } from "socket.io";
import { io } from "socket.io-client";
import * as msgpackParser from "socket.io-msgpack-parser";
import type { AdapterOptions } from "../../../src/index.js";
import { encode } from "../../../src/protocol/json/encode.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectRawPolling, connectRawWebSocket, type RawClient } from "../../differential/raw-client.js";
import { connectClient } from "../../helpers/clients.js";
import { makeFleet } from "../../helpers/memory-fleet.js";
import { text } from "../../protocol/arbitraries.js";
import { EMIT, HOST } from "../../protocol/plain-emit.js";

type Fleet = Awaited<ReturnType<typeof makeFleet>>;

/** As Python's `json` writes it. */
function emit(data: string, keys: Readonly<Record<string, string>> = {}): string {
  const all = {
    ...{ method: '"emit"', event: '"e"', data, binary: "false", namespace: '"/"', room: "null" },
    ...{ skip_sid: "null", callback: "null", host_id: `"${HOST}"` },
    ...keys,
  };
  return `{${Object.entries(all)
    .map(([key, json]) => `"${key}": ${json}`)
    .join(", ")}}`;
}

const barrier = (namespace = "/") => emit("null", { event: '"barrier"', namespace: JSON.stringify(namespace) });

/** What the client gets of the messages, as the text of packets. */
async function received({ send }: Fleet, client: RawClient, messages: readonly string[], namespace = "/") {
  for (const message of [...messages, barrier(namespace)]) {
    await send(message);
  }
  return (await client.upTo("barrier")).map((packet) => packet.text);
}

async function withClient(
  t: ExecutionContext,
  options: AdapterOptions = {},
  prepare: (server: Server) => void = () => {},
) {
  const fleet = await makeFleet(t, options);
  prepare(fleet.host.io);
  const client = await connectRawWebSocket(t, fleet.host.url, "/");
  return { ...fleet, client, get: (...messages: string[]) => received(fleet, client, messages) };
}

const DAMAGED_BY_A_PARSER = '[{"a": 1.0, "b":12345678901234567890,"c": -0.0 , "c": 1E5, "10": "\\u017elu\\/"}, "ž🐍"]';

for (const connect of [connectRawWebSocket, connectRawPolling]) {
  test(`what another host emits goes to clients byte for byte (${connect.name})`, async (t) => {
    const fleet = await makeFleet(t);
    fleet.host.io.of("/a[b");
    const [root, other] = await Promise.all([connect(t, fleet.host.url, "/"), connect(t, fleet.host.url, "/a[b")]);
    const inside = DAMAGED_BY_A_PARSER.slice(1, -1);
    t.deepEqual(await received(fleet, root, [emit(DAMAGED_BY_A_PARSER)]), [`2["e",${inside}]`]);
    const there = [emit(DAMAGED_BY_A_PARSER, { namespace: '"/a[b"', event: '"ž\\u017e\\""' })];
    t.deepEqual(await received(fleet, other, there, "/a[b"), [`2/a[b,["žž\\"",${inside}]`]);
  });
}

for (const length of [1, 100, 115, 116, 65_525, 65_526, 70_000, 1_000_000]) {
  test(`frames of every length of length are whole: a text of ${length}`, async (t) => {
    const { get } = await withClient(t);
    const data = JSON.stringify(["x".repeat(length)]);
    t.deepEqual(await get(emit(data)), [`2["e",${data.slice(1)}`]);
  });
}

/** Data, what a client gets, and what it gets where the data came from a Node host or says a list. */
const FORMS: readonly (readonly [data: string, args: string])[] = [
  ["null", ""],
  ["[]", ""],
  ["[ ]", ""],
  ["[null]", ""],
  [" [ null ] ", ""],
  ["[null, 1]", ",null, 1"],
  ["[[]]", ",[]"],
  ['{"a": []}', ',{"a": []}'],
  ['"[]"', ',"[]"'],
  ["1.0", ",1.0"],
  ["[ 1.0 , 2 ]", ",1.0 , 2"],
  ["true", ",true"],
];

test("the arguments are those that a list stands for, or the one that is no list", async (t) => {
  const { get } = await withClient(t);
  t.deepEqual(
    await get(...FORMS.map(([data]) => emit(data))),
    FORMS.map(([, args]) => `2["e"${args}]`),
  );
});

test("a list is one argument in an old dialect, and where a Node host says so", async (t) => {
  const old = await withClient(t, { dialect: "5.14" });
  t.deepEqual(await old.get(emit("[1.0, 2]"), emit("[]"), emit("null")), ['2["e",[1.0, 2]]', '2["e",[]]', '2["e"]']);
  const { get } = await withClient(t);
  t.deepEqual(await get(emit("[1.0]", { node: '{"list": true}' })), ['2["e",[1.0]]']);
  const isNull = { node: '{"null": true}' };
  t.deepEqual(
    await get(emit("null", isNull), emit("[null]", isNull), emit("[]", isNull)),
    Array(3).fill('2["e",null]'),
  );
});

const NEVER_PASSED_ON = [
  "[NaN]",
  "[1,]",
  "[01]",
  '["\n"]',
  '["\\x"]',
  '[{"__proto__": 1}]',
  '[{"constructor": {"prototype": 1}}]',
  "[1] 2",
  "[",
  `${"[".repeat(2_000)}${"]".repeat(2_000)}`,
];

for (const data of NEVER_PASSED_ON) {
  test(`what a client could not parse, or should not get, goes the way of a host that decodes: ${data.slice(0, 40)}`, async (t) => {
    const [relaying, decoding] = [await withClient(t), await withClient(t, { passthrough: false })];
    t.deepEqual(await relaying.get(emit(data)), await decoding.get(emit(data)));
    t.deepEqual(relaying.host.adapter.stats().rejected, decoding.host.adapter.stats().rejected);
    t.deepEqual(relaying.host.log, decoding.host.log);
  });
}

test("a message of bytes that are no UTF-8 is refused", async (t) => {
  const { host, client, send } = await withClient(t);
  await send(Buffer.from(emit('["\xff"]'), "latin1"));
  await send(barrier());
  t.deepEqual(await client.upTo("barrier"), []);
  t.deepEqual(host.adapter.stats().rejected, { not_json: 1 });
});

test("relay: false decodes", async (t) => {
  const { get } = await withClient(t, { passthrough: false });
  t.deepEqual(await get(emit("[1.0, 12345678901234567890]")), ['2["e",1,12345678901234567000]']);
});

const VALUES = fc.anything({
  values: [text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
  key: text,
  maxDepth: 4,
});

test("whether it is relayed or decoded, and whoever wrote it, means the same to a client", async (t) => {
  const relaying = await withClient(t);
  const decoding = await withClient(t, { passthrough: false });
  const meaning = (packets: readonly string[]) => packets.map((packet) => JSON.parse(packet.slice(1)));
  const batch = fc.array(fc.array(VALUES, { maxLength: 3 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(batch, async (emits) => {
      const messages = emits.map((args) => encode({ ...EMIT, event: "e", args, rooms: null, namespace: "/" }));
      t.deepEqual(meaning(await relaying.get(...messages)), meaning(await decoding.get(...messages)));
    }),
    { numRuns: 30 },
  );
});

test("it is for whom it says: rooms, skipped clients and excepted rooms, each client once", async (t) => {
  const fleet = await makeFleet(t);
  const clients = await Promise.all(["a", "b", "c"].map(() => connectClient(t, fleet.host.url)));
  const [a, b, c] = clients.map(({ sid }) => fleet.host.io.sockets.sockets.get(sid));
  await a?.join(["one", "two", "42"]);
  await b?.join("two");
  const cases: readonly (readonly [keys: Readonly<Record<string, string>>, who: readonly boolean[]])[] = [
    [{ room: '"one"' }, [true, false, false]],
    [{ room: '["one", "two"]' }, [true, true, false]],
    [{ room: "42" }, [true, false, false]],
    [{ room: '"nobody"' }, [false, false, false]],
    [{ room: `"${b?.id}"` }, [false, true, false]],
    [{ skip_sid: `"${a?.id}"` }, [false, true, true]],
    [{ skip_sid: `["${a?.id}", "${c?.id}", "gone"]` }, [false, true, false]],
    [{ room: '"two"', skip_sid: '"one"' }, [true, true, false]],
    [{ except: '["one"]' }, [false, true, true]],
    [{ room: '"two"', except: '["one", "nobody"]' }, [false, true, false]],
  ];
  for (const [number, [keys]] of cases.entries()) {
    await fleet.send(emit("[1.0]", { event: `"${number}"`, ...keys }));
  }
  await fleet.send(barrier());
  for (const [index, client] of clients.entries()) {
    const expected = cases.flatMap(([, who], number) => (who[index] ? [[`${number}`, 1]] : []));
    t.deepEqual(await client.until("barrier"), expected);
  }
});

test("outgoing listeners are shown the event, decoded when they look", async (t) => {
  const seen: unknown[] = [];
  const { get } = await withClient(t, {}, (server) => {
    server.on("connection", (socket) => socket.onAnyOutgoing((...event) => seen.push(event)));
  });
  t.deepEqual(await get(emit('[{"a": 1.0}]')), ['2["e",{"a": 1.0}]']);
  t.deepEqual(seen, [["e", { a: 1 }], ["barrier"]]);
});

for (const relay of [true, false]) {
  test(`an outgoing listener that throws is told of, and the next message is heard (relay: ${relay})`, async (t) => {
    const { host, get } = await withClient(t, { passthrough: relay }, (server) => {
      server.on("connection", (socket) =>
        socket.onAnyOutgoing((event) => {
          if (event === "bad") {
            throw new Error("of the application");
          }
        }),
      );
    });
    t.deepEqual(await get(emit("1", { event: '"bad"' }), emit("2")), ['2["e",2]']);
    t.deepEqual(host.adapter.stats().rejected, { undeliverable: 1 });
  });
}

test("clients that leave a room and join it again while an event is on its way get it once", async (t) => {
  const fleet = await makeFleet(t);
  fleet.host.io.on("connection", (socket) => {
    void socket.join("r");
    let events = 0;
    socket.onAnyOutgoing(() => {
      events += 1;
      if (events > 3) {
        throw new Error("the same event over and over");
      }
      void socket.leave("r");
      void socket.join("r");
    });
  });
  const clients = await Promise.all([1, 2].map(() => connectClient(t, fleet.host.url)));
  await fleet.send(emit("1", { room: '"r"' }));
  fleet.host.io.to("r").emit("own");
  await fleet.send(barrier());
  for (const client of clients) {
    t.deepEqual(await client.until("barrier"), [["e", 1], ["own"]]);
  }
});

test("who counts what connections send, as the admin UI does, sees the text", async (t) => {
  const { host, get } = await withClient(t);
  const seen: unknown[] = [];
  const [socket] = host.io.sockets.sockets.values();
  socket?.conn.on("packetCreate", ({ data }) => seen.push(data));
  t.deepEqual(await get(emit("[1.0]")), ['2["e",1.0]']);
  t.deepEqual(seen, ['2["e",1.0]', '2["barrier"]']);
});

test("volatile and compress are as another Node host says", async (t) => {
  const { host, get } = await withClient(t);
  const seen: unknown[] = [];
  const [socket] = host.io.sockets.sockets.values();
  socket?.conn.on("packetCreate", ({ options }) => seen.push([options.volatile, options.compress]));
  await get(emit("1", { node: '{"volatile": true, "compress": false}' }), emit("2"));
  t.deepEqual(seen, [
    [true, false],
    [undefined, true],
    [undefined, true],
  ]);
});

test("clients whose connections compress get the text too", async (t) => {
  const fleet = await makeFleet(t, {}, { perMessageDeflate: { threshold: 0 } });
  const client = await connectRawWebSocket(t, fleet.host.url, "/");
  t.deepEqual(await received(fleet, client, [emit(DAMAGED_BY_A_PARSER)]), [
    `2["e",${DAMAGED_BY_A_PARSER.slice(1, -1)}]`,
  ]);
});

test("a server with a parser of its own encodes events itself", async (t) => {
  const { host, send } = await makeFleet(t, {}, { parser: msgpackParser });
  const client = io(host.url, { parser: msgpackParser, transports: ["websocket"] });
  cleanUp(t, () => client.close());
  const event = new Promise((resolve) => client.once("e", resolve));
  await withTimeout("the connection", new Promise<void>((resolve) => client.once("connect", resolve)));
  await send(emit('[{"a": 1.0}]'));
  t.deepEqual(await withTimeout("the event", event), { a: 1 });
});

test("who watches the host sees the event, and clients get it", async (t) => {
  const { host, get } = await withClient(t);
  const seen: unknown[] = [];
  host.adapter.onEmit(({ event, args, origin }) => seen.push([event, args, origin]));
  await get(emit('[{"a": 1.0}]'));
  t.deepEqual(seen, [
    ["e", [{ a: 1 }], "channel"],
    ["barrier", [], "channel"],
  ]);
});

test("own emits that come back are counted, and heard once", async (t) => {
  const { host, client, send } = await withClient(t);
  host.io.emit("own", 1);
  await send(emit("[2]", { host_id: `"${host.adapter.hostId}"` }));
  await send(barrier());
  t.deepEqual(
    (await client.upTo("barrier")).map((packet) => packet.text),
    ['2["own",1]'],
  );
  t.like(host.adapter.stats(), { echoes: 2, rejected: {} });
});

test("own emits are encoded once, for clients and for the channel", async (t) => {
  const { host, client, channelled, send } = await withClient(t);
  let encoded = 0;
  const value = {
    toJSON: () => {
      encoded += 1;
      return { a: "ž", b: undefined };
    },
  };
  for (const args of [[value], [value, 1], [], [[1]], [undefined], [new Date(0)]]) {
    host.io.emit("e", ...args);
  }
  await channelled.find("the last", ({ data }) => data === "1970-01-01T00:00:00.000Z");
  await send(barrier());
  t.deepEqual(
    (await client.upTo("barrier")).map((packet) => packet.text),
    [
      '2["e",{"a":"ž"}]',
      '2["e",{"a":"ž"},1]',
      '2["e"]',
      '2["e",[1]]',
      '2["e",null]',
      '2["e","1970-01-01T00:00:00.000Z"]',
    ],
  );
  // Besides, each is looked at for bytes, and an only argument for whether JSON says null for it.
  t.is(encoded, 2 + 3);
});
