import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import type { Server } from "socket.io";
import { io } from "socket.io-client";
import * as msgpackParser from "socket.io-msgpack-parser";
import type { AdapterOptions } from "../../../src/options.js";
import { encodeJson } from "../../../src/protocol/json/encode.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { connectRawPolling, connectRawWebSocket, type RawClient } from "../../differential/raw-client.js";
import { connectClient } from "../../helpers/clients.js";
import { startMemoryHost } from "../../helpers/memory-host.js";
import { key, text } from "../../protocol/arbitraries.js";
import { EMIT, HOST } from "../../protocol/plain-emit.js";

type Fleet = Awaited<ReturnType<typeof startMemoryHost>>;

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
  const fleet = await startMemoryHost(t, options);
  prepare(fleet.host.io);
  const client = await connectRawWebSocket(t, fleet.host.url, "/");
  return { ...fleet, client, get: (...messages: string[]) => received(fleet, client, messages) };
}

const DAMAGED_BY_A_PARSER = '[{"a": 1.0, "b":12345678901234567890,"c": -0.0 , "c": 1E5, "10": "\\u017elu\\/"}, "ž🐍"]';

for (const connect of [connectRawWebSocket, connectRawPolling]) {
  test(`an emit of another host reaches clients byte for byte (${connect.name})`, async (t) => {
    const fleet = await startMemoryHost(t);
    fleet.host.io.of("/a[b");
    const [root, other] = await Promise.all([connect(t, fleet.host.url, "/"), connect(t, fleet.host.url, "/a[b")]);
    const inside = DAMAGED_BY_A_PARSER.slice(1, -1);
    t.deepEqual(await received(fleet, root, [emit(DAMAGED_BY_A_PARSER)]), [`2["e",${inside}]`]);
    const there = [emit(DAMAGED_BY_A_PARSER, { namespace: '"/a[b"', event: '"ž\\u017e\\""' })];
    t.deepEqual(await received(fleet, other, there, "/a[b"), [`2/a[b,["žž\\"",${inside}]`]);
  });
}

for (const length of [1, 100, 115, 116, 65_525, 65_526, 70_000, 1_000_000]) {
  test(`frames are complete whatever the size of their length field: a text of ${length}`, async (t) => {
    const { get } = await withClient(t);
    const data = JSON.stringify(["x".repeat(length)]);
    t.deepEqual(await get(emit(data)), [`2["e",${data.slice(1)}`]);
  });
}

/** `data`, and the arguments that a client gets. */
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

test("a list in data is the arguments, anything else is the only one", async (t) => {
  const { get } = await withClient(t);
  t.deepEqual(
    await get(...FORMS.map(([data]) => emit(data))),
    FORMS.map(([, args]) => `2["e"${args}]`),
  );
});

test("a list is one argument in an old dialect, and where a Node host marks it", async (t) => {
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

const NEVER_PASSED_THROUGH = [
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

for (const data of NEVER_PASSED_THROUGH) {
  test(`what clients cannot parse, or must not get, is handled as without passthrough: ${data.slice(0, 40)}`, async (t) => {
    const [passing, decoding] = [await withClient(t), await withClient(t, { passthrough: false })];
    t.deepEqual(await passing.get(emit(data)), await decoding.get(emit(data)));
    t.deepEqual(passing.host.adapter.stats().rejected, decoding.host.adapter.stats().rejected);
    t.deepEqual(passing.host.log, decoding.host.log);
  });
}

test("a message that is not UTF-8 is rejected", async (t) => {
  const { host, client, send } = await withClient(t);
  await send(Buffer.from(emit('["\xff"]'), "latin1"));
  await send(barrier());
  t.deepEqual(await client.upTo("barrier"), []);
  t.deepEqual(host.adapter.stats().rejected, { not_json: 1 });
});

test("passthrough: false decodes", async (t) => {
  const { get } = await withClient(t, { passthrough: false });
  t.deepEqual(await get(emit("[1.0, 12345678901234567890]")), ['2["e",1,12345678901234567000]']);
});

const VALUES = fc.anything({
  values: [text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null)],
  key,
  maxDepth: 4,
});

test("an emit means the same to a client, passed through or decoded", async (t) => {
  const passing = await withClient(t);
  const decoding = await withClient(t, { passthrough: false });
  const meaning = (packets: readonly string[]) => packets.map((packet) => JSON.parse(packet.slice(1)));
  const batch = fc.array(fc.array(VALUES, { maxLength: 3 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(batch, async (emits) => {
      const messages = emits.map((args) => encodeJson({ ...EMIT, event: "e", args, rooms: null, namespace: "/" }));
      t.deepEqual(meaning(await passing.get(...messages)), meaning(await decoding.get(...messages)));
    }),
    { numRuns: 30 },
  );
});

test("rooms, skipped clients and excepted rooms select the recipients, each of whom gets it once", async (t) => {
  const fleet = await startMemoryHost(t);
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

test("outgoing listeners get the event, decoded when they read it", async (t) => {
  const seen: unknown[] = [];
  const { get } = await withClient(t, {}, (server) => {
    server.on("connection", (socket) => socket.onAnyOutgoing((...event) => seen.push(event)));
  });
  t.deepEqual(await get(emit('[{"a": 1.0}]')), ['2["e",{"a": 1.0}]']);
  t.deepEqual(seen, [["e", { a: 1 }], ["barrier"]]);
});

for (const passthrough of [true, false]) {
  test(`an outgoing listener that throws is reported, and the next message is delivered (passthrough: ${passthrough})`, async (t) => {
    const { host, get } = await withClient(t, { passthrough }, (server) => {
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

test("clients that leave a room and rejoin it during delivery get the event once", async (t) => {
  const fleet = await startMemoryHost(t);
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

test("a listener of packetCreate, as the admin UI has, gets the text", async (t) => {
  const { host, get } = await withClient(t);
  const seen: unknown[] = [];
  const [socket] = host.io.sockets.sockets.values();
  socket?.conn.on("packetCreate", ({ data }) => seen.push(data));
  t.deepEqual(await get(emit("[1.0]")), ['2["e",1.0]']);
  t.deepEqual(seen, ['2["e",1.0]', '2["barrier"]']);
});

test("volatile and compress are those of the emitting Node host", async (t) => {
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

test("clients with compressed connections get the same text", async (t) => {
  const fleet = await startMemoryHost(t, {}, { perMessageDeflate: { threshold: 0 } });
  const client = await connectRawWebSocket(t, fleet.host.url, "/");
  t.deepEqual(await received(fleet, client, [emit(DAMAGED_BY_A_PARSER)]), [
    `2["e",${DAMAGED_BY_A_PARSER.slice(1, -1)}]`,
  ]);
});

test("a server with a parser of its own encodes events itself", async (t) => {
  const { host, send } = await startMemoryHost(t, {}, { parser: msgpackParser });
  const client = io(host.url, { parser: msgpackParser, transports: ["websocket"] });
  cleanUp(t, () => client.close());
  const event = new Promise((resolve) => client.once("e", resolve));
  await withTimeout("the connection", new Promise<void>((resolve) => client.once("connect", resolve)));
  await send(emit('[{"a": 1.0}]'));
  t.deepEqual(await withTimeout("the event", event), { a: 1 });
});

test("onEmit is called with the event, and clients get it", async (t) => {
  const { host, get } = await withClient(t);
  const seen: unknown[] = [];
  host.adapter.onEmit(({ event, args, origin }) => seen.push([event, args, origin]));
  await get(emit('[{"a": 1.0}]'));
  t.deepEqual(seen, [
    ["e", [{ a: 1 }], "channel"],
    ["barrier", [], "channel"],
  ]);
});

test("echoes of own emits are counted, and not delivered again", async (t) => {
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
  // Besides, each is searched for bytes, and a single argument is checked for being null in JSON.
  t.is(encoded, 2 + 3);
});
