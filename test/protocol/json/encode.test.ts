import test from "ava";
import { BridgeError } from "../../../src/errors.js";
import { decode } from "../../../src/protocol/decode.js";
import { decodePayload } from "../../../src/protocol/decode-payload.js";
import { encodeMsgpackOrJson } from "../../../src/protocol/encoders.js";
import { encodeJson } from "../../../src/protocol/json/encode.js";
import { scanEmit } from "../../../src/protocol/json/scan-emit.js";
import type { Message } from "../../../src/protocol/model/messages.js";
import type { OutgoingEmit, OutgoingMessage } from "../../../src/protocol/model/outgoing.js";
import { EMIT, HOST } from "../plain-emit.js";

const fields = (message: Partial<OutgoingEmit>) => JSON.parse(encodeJson({ ...EMIT, ...message }));

test("an emit has the keys that python-socketio reads", (t) => {
  t.deepEqual(
    fields({ args: [{ a: 1 }], rooms: ["r"], skipSids: ["s"], callback: { room: 7, namespace: "/", id: 1 } }),
    {
      method: "emit",
      event: "e",
      data: { a: 1 },
      binary: false,
      namespace: "/",
      room: "r",
      skip_sid: "s",
      callback: [7, "/", 1],
      host_id: HOST,
    },
  );
});

test("arguments are written in the form that most releases read alike", (t) => {
  const data = (...args: unknown[]) => fields({ args }).data;
  t.is(data(), null);
  t.is(data("x"), "x");
  t.is(data(0), 0);
  t.deepEqual(data({ a: [1] }), { a: [1] });
  t.deepEqual(data([1, 2]), [[1, 2]]);
  t.deepEqual(data([]), [[]]);
  t.deepEqual(data(1, [2]), [1, [2]]);
  t.deepEqual(data(undefined, null), [null, null]);
  // A lone null is the same as no argument: Python has one None for both.
  t.is(data(null), null);
  t.is(data(undefined), null);
  t.is(data(Number.NaN), null);
});

test("bytes become placeholders and base64, in the order of a depth-first walk", (t) => {
  const [a, b] = [Buffer.from("a"), Buffer.from("bc")];
  t.like(fields({ args: [a] }), { binary: true, data: [{ _placeholder: true, num: 0 }, "YQ=="] });
  t.like(fields({ args: [[a]] }), { binary: true, data: [[[{ _placeholder: true, num: 0 }]], "YQ=="] });
  t.like(fields({ args: [{ x: b }, new Uint8Array(a), b.buffer.slice(b.byteOffset, b.byteOffset + 2)] }), {
    binary: true,
    data: [
      [{ x: { _placeholder: true, num: 0 } }, { _placeholder: true, num: 1 }, { _placeholder: true, num: 2 }],
      "YmM=",
      "YQ==",
      "YmM=",
    ],
  });
});

test("of a view only its own part of the buffer is written", (t) => {
  const whole = Buffer.from("secret|public|secret");
  const view = new DataView(whole.buffer, whole.byteOffset + 7, 6);
  t.is(fields({ args: [view] }).data[1], Buffer.from("public").toString("base64"));
});

test("rooms are written as null, one room or a list, with integers of any size", (t) => {
  const room = (rooms: OutgoingEmit["rooms"]) => encodeJson({ ...EMIT, rooms }).match(/"room":(.*?),"skip_sid"/)?.[1];
  t.is(room(null), "null");
  t.is(room(["r"]), '"r"');
  t.is(room(["r", 42]), '["r",42]');
  t.is(room([9007199254740993n]), "9007199254740993");
});

const ALL: readonly Exclude<Message, { readonly method: "emit" | "edge_mark" }>[] = [
  { method: "callback", callback: { room: 9007199254740993n, namespace: "/a", id: 1 }, args: [1, null], hostId: HOST },
  { method: "disconnect", sid: "s", namespace: "/", hostId: HOST },
  { method: "enter_room", sid: "s", room: 42, namespace: "/chat", hostId: HOST },
  { method: "leave_room", sid: "s", room: 'quote " and \u2028', namespace: "/", hostId: HOST },
  { method: "close_room", room: "", namespace: "/", hostId: HOST },
];

for (const message of ALL) {
  test(`a written message is read again: ${message.method}`, (t) => {
    const decoded = decode(Buffer.from(encodeJson(message)), 1_000);
    t.deepEqual(decoded, { kind: "message", message });
  });
}

test("a written message is read again: emit", (t) => {
  const args = [1, { a: Buffer.from([0, 255]), b: [null, "\u{1f40d}"] }, []];
  const emit = {
    ...EMIT,
    args,
    rooms: ["r", 42, 9007199254740993n],
    skipSids: ["s", "t"],
    exceptRooms: ["x"],
    callback: { room: null, namespace: "/", id: 3 },
  };
  const decoded = decode(Buffer.from(encodeJson(emit)), 1_000);
  if (decoded.kind !== "message" || decoded.message.method !== "emit") {
    return t.fail();
  }
  const { payload, ...envelope } = decoded.message;
  const { args: _, ...expected } = emit;
  t.deepEqual(envelope, expected);
  t.deepEqual(decodePayload(payload), { args });
});

test("an argument without a form in JSON is an error that names the event", (t) => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  for (const args of [[1n], [circular]]) {
    const error = t.throws(() => encodeJson({ ...EMIT, event: "progress", args }), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_ARGUMENT");
    t.regex(error.message, /"progress"/);
    t.truthy(error.cause);
  }
});

test("an integer room that no host would read is an error", (t) => {
  const longest = -(10n ** 99n) + 1n;
  for (const write of [encodeJson, encodeMsgpackOrJson]) {
    t.is(decode(Buffer.from(write({ ...EMIT, rooms: [longest] })), 1_000_000).kind, "message");
    for (const room of [longest - 1n, 10n ** 100n]) {
      const error = t.throws(() => write({ ...EMIT, rooms: [room] }), { instanceOf: BridgeError });
      t.is(error.code, "BRIDGE_INVALID_ARGUMENT");
      t.regex(error.message, /the room -?1000+…? has more than 100 characters/);
    }
  }
});

test("bytes in an acknowledgement are an error: Python would read them as text", (t) => {
  const callback = { room: "r", namespace: "/", id: 1 };
  const error = t.throws(() => encodeJson({ method: "callback", callback, args: [Buffer.from("x")], hostId: HOST }));
  t.is((error as BridgeError).code, "BRIDGE_INVALID_ARGUMENT");
});

test("keys for Node hosts are written only when needed, and read again", (t) => {
  t.false("node" in fields({ args: [1] }));
  for (const encoded of [encodeJson, encodeMsgpackOrJson]) {
    const roundTrip = (message: OutgoingMessage) => {
      const decoded = decode(Buffer.from(encoded(message)), 1_000_000);
      return decoded.kind === "message" ? decoded.message : decoded;
    };
    const node = { volatile: true, compress: false, null: true, ackTimeout: 5_000, unskipped: "s" };
    t.like(roundTrip({ ...EMIT, node }), { node });
    const sender = { namespace: "/chat", hostId: HOST };
    for (const message of [
      { method: "node_join", rooms: null, exceptRooms: [], names: ["a", "b"], ...sender },
      { method: "node_leave", rooms: ["r", "s"], exceptRooms: ["t"], names: ["a"], ...sender },
      { method: "node_disconnect", rooms: ["r"], exceptRooms: [], close: true, ...sender },
      { method: "disconnect", sid: "s", ...sender },
    ] satisfies readonly OutgoingMessage[]) {
      t.deepEqual(roundTrip(message), message);
    }
  }
});

test("what is for Python hosts alone is ignored by Node hosts, in every encoding, and not passed through", (t) => {
  const sender = { namespace: "/chat", hostId: HOST, isForPython: true };
  const messages: readonly OutgoingMessage[] = [
    { ...EMIT, isForPython: true },
    { ...EMIT, node: { volatile: true }, isForPython: true },
    { method: "enter_room", sid: "s", room: "r", ...sender },
    { method: "leave_room", sid: "s", room: 42, ...sender },
    { method: "close_room", room: "r", ...sender },
    { method: "disconnect", sid: "s", ...sender },
  ];
  for (const message of messages) {
    for (const encoded of [encodeJson, encodeMsgpackOrJson]) {
      t.deepEqual(decode(Buffer.from(encoded(message)), 1_000_000), { kind: "ignored" });
    }
    t.is(scanEmit(Buffer.from(encodeJson(message)), "5.15"), undefined);
  }
});
