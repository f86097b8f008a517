import { encode as pack } from "@msgpack/msgpack";
import test from "ava";
import { BridgeError } from "../../../src/errors.js";
import { decode } from "../../../src/protocol/decode.js";
import { decodePayload } from "../../../src/protocol/decode-payload.js";
import { createEncoder, type Encode, type Encoding } from "../../../src/protocol/encoders.js";
import type { Message } from "../../../src/protocol/model/messages.js";
import type { OutgoingEmit } from "../../../src/protocol/model/outgoing.js";
import type { RejectReason } from "../../../src/protocol/model/rejection.js";
import { changed, type Mutation, Random } from "../../helpers/mutations.js";
import { EMIT, HOST } from "../plain-emit.js";

const MAX_SIZE = 1_000_000;

const ENCODERS: Readonly<Record<Encoding, Encode>> = {
  json: createEncoder({ encoding: "json", dialect: "5.15", maxMessageSize: MAX_SIZE }),
  msgpack: createEncoder({ encoding: "msgpack", dialect: "5.15", maxMessageSize: MAX_SIZE }),
};
const write = ENCODERS.msgpack;
const read = (payload: Uint8Array | string, maxSize = MAX_SIZE) => decode(Buffer.from(payload), maxSize);

function emitted(payload: Uint8Array | string) {
  const decoded = read(payload);
  if (decoded.kind !== "message" || decoded.message.method !== "emit") {
    throw new Error(`not an emit: ${JSON.stringify(decoded)}`);
  }
  return decoded.message;
}

/** What a client gets, or the reason why the message is rejected. */
function received(payload: Uint8Array | string): unknown {
  const decoded = read(payload);
  if (decoded.kind !== "message" || decoded.message.method !== "emit") {
    return decoded.kind === "rejected" ? decoded.rejection.reason : decoded;
  }
  const args = decodePayload(decoded.message.payload);
  return "args" in args ? args.args : args.rejection.reason;
}

const through = (encoding: Encoding, args: readonly unknown[]) => received(ENCODERS[encoding]({ ...EMIT, args }));

const bytes = Buffer.from([0, 1, 254, 255]);

class Point {
  readonly x = 1;
  readonly #y = 2;
  sum() {
    return this.x + this.#y;
  }
}

const SAME: Readonly<Record<string, readonly unknown[]>> = {
  nothing: [],
  "null, undefined": [null],
  undefined: [undefined],
  "several without a form in JSON": [undefined, null, () => 1, Symbol("s")],
  "a lone function": [() => 1],
  "booleans and texts": [true, false, "", "žluťoučký 🐍 \u2028 \0"],
  "texts with every size of length": [0, 1, 31, 32, 63, 64, 65, 255, 256, 65_535, 65_536].map((size) =>
    "ů".repeat(size),
  ),
  "a lone surrogate": ["\ud800", { "\udc00": 1 }, "a\udc00b".repeat(100)],
  "a lone surrogate beside bytes": [{ "\udc00": bytes }],
  "whole numbers": [
    0,
    -0,
    1,
    -1,
    ...[5, 7, 8, 15, 16, 31, 32, 52, 53, 60, 62, 63, 64, 69, 70].flatMap((bits) => [
      2 ** bits,
      -(2 ** bits),
      2 ** bits - 1,
      1 - 2 ** bits,
      2 ** bits + 1,
    ]),
  ],
  fractions: [0.5, -0.25, 1e-7, 1e21, 1e100, -1e300, Number.MAX_VALUE, Number.MIN_VALUE],
  "numbers that are not finite": [[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
  "a lone NaN": [Number.NaN],
  "lists with every size of length": [0, 1, 15, 16, 65_535, 65_536].map((length) => Array.from({ length }, () => 0)),
  "maps with every size of length": [0, 1, 15, 16, 65_536].map((length) =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, index])),
  ),
  "a lone list": [[1, [2]]],
  "a lone empty list": [[]],
  "what JSON leaves out": [{ a: undefined, b: () => 1, c: Symbol("s"), d: null, [Symbol("e")]: 1 }],
  // biome-ignore lint/suspicious/noSparseArray: applications may emit one
  "a sparse list": [[1, , 3], new Array(3)],
  dates: [new Date(0), { at: new Date(1) }, new Date(Number.NaN)],
  "maps, sets and other objects": [new Map([[1, 2]]), new Set([1]), /x/, new Error("e"), new WeakMap(), new Point()],
  "objects around a value": [Object(1), Object("s"), Object(true), { a: Object(Number.NaN) }],
  "an object without a prototype": [Object.assign(Object.create(null), { a: 1 })],
  "integer keys": [{ 10: "b", 9: "a", z: 0 }],
  toJSON: [
    { toJSON: () => ({ a: 1 }) },
    { key: { toJSON: (key: unknown) => `${typeof key} ${key}` } },
    [{ toJSON: (key: unknown) => `${typeof key} ${key}` }],
    { toJSON: () => undefined },
    { a: { toJSON: () => undefined }, b: { toJSON: "no function" } },
  ],
  "toJSON of the only argument": [{ toJSON: (key: unknown) => [typeof key, key] }],
  "bytes of every kind": [
    bytes,
    new Uint8Array(bytes),
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4),
    new DataView(bytes.buffer, bytes.byteOffset + 1, 2),
    new Uint16Array([1, 2]),
    Buffer.alloc(0),
  ],
  "bytes alone": [bytes],
  "bytes in a list": [[bytes]],
  "bytes at depth": [{ a: [{ b: bytes }, bytes] }, "x", { toJSON: () => bytes }],
  "bytes with every size of length": [255, 256, 65_535, 65_536].map((size) => Buffer.alloc(size, 1)),
  "bytes among what JSON sees otherwise": [
    { a: bytes, b: undefined, c: new Date(0), d: Object(1), e: [undefined, () => 1], f: { toJSON: () => 1 } },
  ],
  "constructor as ordinary data": [{ constructor: "Ferrari" }, "__proto__", "constructor"],
  "a placeholder that is data": [{ _placeholder: true, num: 0 }],
  "996 levels": [Array.from({ length: 995 }).reduce((inner) => [inner], 1)],
};

for (const [what, args] of Object.entries(SAME)) {
  test(`a client gets the same from either encoding: ${what}`, (t) => {
    t.deepEqual(through("msgpack", args), through("json", args));
  });
}

test("everything that MessagePack has a form for is written as MessagePack", (t) => {
  const asJson = Object.entries(SAME).filter(([, args]) => typeof write({ ...EMIT, args }) === "string");
  t.deepEqual(
    asJson.map(([what]) => what),
    ["a lone surrogate", "a lone surrogate beside bytes"],
  );
});

test("a bigint with toJSON is written as its result, as by JSON.stringify", (t) => {
  Object.defineProperty(BigInt.prototype, "toJSON", { value: () => "from toJSON", configurable: true });
  try {
    t.deepEqual(through("msgpack", [{ a: 1n }]), [{ a: "from toJSON" }]);
    t.deepEqual(through("msgpack", [1n]), through("json", [1n]));
  } finally {
    Reflect.deleteProperty(BigInt.prototype, "toJSON");
  }
});

test("no message starts like an opcode of a pickle, which python-socketio 5.13 would execute", (t) => {
  for (const fields of [{}, { exceptRooms: ["x"] }, { args: Array(20) }, { hostId: undefined }]) {
    t.is((write({ ...EMIT, ...fields }) as Uint8Array)[0], 0xde);
  }
});

test("bytes stand in the value as they are", (t) => {
  const { payload } = emitted(write({ ...EMIT, args: [bytes, { a: bytes }] }));
  t.deepEqual(payload, { data: [bytes, { a: bytes }], form: "argument-list", binary: false });
  const encoded = write({ ...EMIT, args: [Buffer.alloc(65_536)] });
  t.true(encoded.length < 65_536 + 250);
});

const ALL: readonly Exclude<Message, { readonly method: "emit" | "edge_mark" }>[] = [
  {
    method: "callback",
    callback: { room: 9007199254740993n, namespace: "/a", id: 2 ** 40 },
    args: [1, null, bytes, { a: [bytes] }],
    hostId: HOST,
  },
  { method: "callback", callback: { room: null, namespace: "/", id: 1 }, args: [], hostId: HOST },
  { method: "disconnect", sid: "s", namespace: "/", hostId: HOST },
  { method: "enter_room", sid: "s", room: -42, namespace: "/chat", hostId: HOST },
  { method: "leave_room", sid: "s", room: 'quote " and \u2028', namespace: "/", hostId: HOST },
  { method: "close_room", room: "", namespace: "/", hostId: HOST },
  { method: "close_room", room: 18446744073709551617n, namespace: "/", hostId: HOST },
  { method: "close_room", room: "half \ud800", namespace: "/", hostId: HOST },
];

for (const [index, message] of ALL.entries()) {
  test(`a written message is read again: ${message.method} ${index}`, (t) => {
    t.deepEqual(read(write(message)), { kind: "message", message });
  });
}

test("the envelope of an emit is the same as in JSON", (t) => {
  const rooms = ["r", 42, -1, 2 ** 40, 9007199254740993n, -9223372036854775808n, 18446744073709551615n];
  const callback = { room: 9007199254740993n, namespace: "/", id: 3 };
  for (const fields of [
    {},
    { rooms: ["r"], skipSids: ["s"] },
    { rooms, skipSids: ["s", "t"], exceptRooms: ["x"], callback },
    { callback: { room: null, namespace: "/chat", id: 1 }, hostId: undefined, namespace: "/chat" },
  ]) {
    const message = { ...EMIT, ...fields };
    t.deepEqual(emitted(write(message)), emitted(ENCODERS.json(message)));
  }
});

test("what has no form in JSON either is the same error", (t) => {
  const circular: Record<string, unknown> = {};
  circular.self = [circular];
  const deep = Array.from({ length: 1_000 }).reduce((inner) => [inner], 1);
  for (const args of [[1n], [{ a: [1n] }], [circular], [deep], [{ toJSON: () => circular }]]) {
    const error = t.throws(() => write({ ...EMIT, event: "progress", args }), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_ARGUMENT");
    t.regex(error.message, /^the event "progress" cannot be written as MessagePack: /);
    t.truthy(error.cause);
  }
  const wrong = [
    { event: "connect" },
    { namespace: undefined },
    { rooms: [1.5] },
    { rooms: [{}] },
    { skipSids: [7] },
  ] as unknown as readonly Partial<OutgoingEmit>[];
  for (const fields of wrong) {
    const failure = (encoding: Encoding) =>
      t.throws(() => ENCODERS[encoding]({ ...EMIT, ...fields }), { instanceOf: BridgeError }).message;
    t.is(failure("msgpack"), failure("json"));
  }
});

/** An emit whose `data` is these bytes. */
const withData = (...data: readonly number[]) =>
  Buffer.concat([
    Buffer.from([0x83]),
    ...["method", "emit", "event", "e", "data"].map((text) => pack(text)),
    Buffer.from(data),
  ]);

test("every MessagePack type with a counterpart in JSON is read", (t) => {
  const one = (...data: readonly number[]) => (received(withData(...data)) as readonly unknown[])[0];
  t.is(one(0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1), 9007199254740992);
  t.is(one(0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 2 ** 64);
  t.is(one(0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0), -(2 ** 63));
  t.is(one(0xd3, 0, 0, 0, 0, 0, 0, 0, 42), 42);
  t.is(one(0xca, 0x3f, 0x80, 0, 0), 1);
  t.is(one(0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0), Number.NaN);
  t.is(one(0xff), -1);
  t.is(one(0xd9, 2, 0xc5, 0xaf), "ů");
  t.deepEqual(one(0xc6, 0, 0, 0, 1, 7), Buffer.from([7]));
  t.deepEqual(one(0xdf, 0, 0, 0, 1, 0xa1, 0x61, 0xdd, 0, 0, 0, 0), { a: [] });
});

test("keys that are not text become what Python's json.dumps writes for them", (t) => {
  const keys = [1, 0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1, 0xff, 0xc0, 0xc3, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0];
  const map = [0x86];
  // After each key stands nil, as its value.
  for (const length of [1, 9, 1, 1, 1, 9]) {
    map.push(...keys.splice(0, length), 0xc0);
  }
  const [data] = received(withData(...map)) as readonly object[];
  t.deepEqual(Object.keys(data ?? {}).sort(), ["-1", "1", "1.5", "9007199254740993", "null", "true"]);
});

test("attachments are read too, as bytes or in base64", (t) => {
  const message = { method: "emit", event: "e", binary: true, data: [{ _placeholder: true, num: 1 }, bytes, "AQ=="] };
  t.deepEqual(received(pack(message)), [Buffer.from([1])]);
  t.deepEqual(received(pack({ ...message, data: [[{ _placeholder: true, num: 0 }, bytes], bytes] })), [bytes, bytes]);
  t.is(received(pack({ ...message, data: [[{ _placeholder: true, num: 2 }], bytes] })), "bad_placeholder");
  t.is(received(pack({ ...message, data: [[], 7] })), "bad_base64");
});

const nested = (depth: number, open: number) => Array.from({ length: depth }, () => open);

const BAD: readonly (readonly [RejectReason, string, Uint8Array])[] = [
  ["not_msgpack", "a head and nothing else", Buffer.from([0x81])],
  ["not_msgpack", "a map that is truncated", Buffer.from([0x81, 0xa6, 0x6d])],
  ["not_msgpack", "a length that is truncated", Buffer.from([0xde, 0])],
  ["not_msgpack", "a key without its value", Buffer.from([0x81, 0xa1, 0x61])],
  ["not_msgpack", "a second value after the first", Buffer.concat([withData(0xc0), withData(0xc0)])],
  ["not_msgpack", "a list of 4 billion", withData(0xdd, 0xff, 0xff, 0xff, 0xff)],
  ["not_msgpack", "nested lists of 4 billion", withData(...nested(900, 0xdd).flatMap((b) => [b, 255, 255, 255, 255]))],
  ["not_msgpack", "a map of 4 billion", Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61, 1])],
  ["not_msgpack", "a text of 4 billion", withData(0xdb, 0xff, 0xff, 0xff, 0xff, 0x61)],
  ["not_msgpack", "bytes of 4 billion", withData(0xc6, 0xff, 0xff, 0xff, 0xff, 0x61)],
  ["not_msgpack", "an extension type", withData(0xd4, 1, 0)],
  ["not_msgpack", "a timestamp", withData(0xd6, 0xff, 0, 0, 0, 1)],
  ["not_msgpack", "an extension type with a length", withData(0xc7, 1, 5, 0)],
  ["not_msgpack", "the type that is never used", withData(0xc1)],
  ["not_msgpack", "a text that is not UTF-8", withData(0xa2, 0xc3, 0x28)],
  ["not_msgpack", "a text with a lone surrogate", withData(0xa3, 0xed, 0xa0, 0x80)],
  ["not_msgpack", "a long text that is not UTF-8", withData(0xd9, 80, ...nested(79, 0x61), 0xff)],
  ["not_msgpack", "a key that is not UTF-8", withData(0x81, 0xa1, 0xff, 0)],
  ["not_msgpack", "a key that is bytes", withData(0x81, 0xc4, 1, 0x61, 0)],
  ["not_msgpack", "a key that is a list", withData(0x81, 0x90, 0)],
  ["not_msgpack", "a key that is a map", withData(0x81, 0x80, 0)],
  ["not_json", "a list", Buffer.from([0x91, 1])],
  ["not_json", "an empty map", Buffer.from([0x80])],
  ["pickle", "an empty map and a number", Buffer.from([0x80, 5])],
  ["unsafe_name", "__proto__ as a key", withData(0x81, 0xa9, ...Buffer.from("__proto__"), 0x80)],
  ["unsafe_name", "__proto__ as a key of the message", Buffer.from([0x81, 0xa9, ...Buffer.from("__proto__"), 0x80])],
  ["unsafe_name", "__proto__ with a long length", withData(0x81, 0xd9, 9, ...Buffer.from("__proto__"), 0x80)],
  [
    "unsafe_name",
    "constructor.prototype",
    pack({ method: "emit", event: "e", data: { constructor: { prototype: 1 } } }),
  ],
  ["reserved_event", "connect", pack({ method: "emit", event: "connect", data: null })],
  ["too_deep", "10,000 lists", withData(...nested(10_000, 0x91), 0xc0)],
  ["too_deep", "10,000 maps", withData(...nested(10_000, 0x81).flatMap((b) => [b, 0xa1, 0x61]), 0xc0)],
  ["too_deep", "1,001 levels", withData(...nested(999, 0x91), 0x90)],
  ["too_large", "a message above maxSize", new Uint8Array(MAX_SIZE + 1).fill(0x81)],
  [
    "too_large",
    "more lists than JSON of that size could have",
    Buffer.concat([withData(0xdd, 0, 6, 0, 0), Buffer.alloc(6 * 65_536, 0x90)]),
  ],
  ["wrong_type", "a method that is bytes", pack({ method: bytes })],
  ["wrong_type", "a method that is a number", pack({ method: 5 })],
  ["wrong_type", "an event that is bytes", pack({ method: "emit", event: bytes, data: null })],
  ["wrong_type", "no data", pack({ method: "emit", event: "e" })],
  ["wrong_type", "a room that is bytes", pack({ method: "close_room", room: bytes })],
  ["wrong_type", "a room that is a fraction", pack({ method: "close_room", room: 1.5 })],
  ["wrong_type", "a room that is a large fraction", pack({ method: "close_room", room: 1e300 })],
  ["wrong_type", "bytes in skip_sid", pack({ method: "emit", event: "e", data: null, skip_sid: [bytes] })],
  ["bad_callback", "a callback that is bytes", pack({ method: "emit", event: "e", data: null, callback: bytes })],
];

for (const [reason, what, payload] of BAD) {
  test(`${what} is rejected: ${reason}`, (t) => {
    const decoded = read(payload);
    t.is(decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind, reason);
  });
}

test("a message exactly at the depth limit is read", (t) => {
  t.deepEqual(received(withData(...nested(998, 0x91), 0x90)) as object, [
    Array.from({ length: 997 }).reduce((inner) => [inner], []),
  ]);
});

test("messages without a known method, and unknown keys, are ignored", (t) => {
  for (const message of [{ node: 1 }, { method: "resize" }, { method: "toString" }, { 1: 2 }]) {
    t.deepEqual(read(pack(message)), { kind: "ignored" });
  }
});

test("JSON is read after leading white space", (t) => {
  t.deepEqual(read(' \n\t{"method": "close_room", "room": "r"}'), read('{"method": "close_room", "room": "r"}'));
});

const MUTATIONS: readonly Mutation[] = [
  (frame, random) => changed(frame, random.below(frame.length), random.below(0x100)),
  // A type byte of two bytes or more.
  (frame, random) => changed(frame, random.below(frame.length), 0xc0 + random.below(0x20)),
];

/** Changed in one to four places; a tenth of the frames are also truncated. */
function mutate(frame: Buffer, random: Random): Buffer {
  let mutated = frame;
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    mutated = random.pick(MUTATIONS)(mutated, random, frame);
  }
  return random.below(10) === 0 ? mutated.subarray(0, random.below(mutated.length)) : mutated;
}

const FUZZED: readonly (readonly unknown[])[] = [
  [{ a: [1, -1, 2.5, 1e300, null, true], ů: "text".repeat(20), big: 2 ** 60 }, bytes],
  [[[[{ constructor: { name: "x" } }]]], { x: bytes, y: [bytes, { z: bytes }] }],
];

test("mutated messages are read or rejected, and never throw or hang", (t) => {
  const rounds = Number(process.env.FUZZ_ROUNDS ?? 20_000);
  const random = new Random(Number(process.env.FUZZ_SEED ?? 1));
  const frames = [
    ...FUZZED.map((args) => write({ ...EMIT, args, rooms: ["r", 9007199254740993n], exceptRooms: ["x"] })),
    ...ALL.map(write),
  ].map((payload) => Buffer.from(payload));
  const outcomes = new Set<unknown>();
  for (let round = 0; round < rounds; round += 1) {
    const decoded = read(mutate(frames[round % frames.length] as Buffer, random));
    outcomes.add(decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind);
    if (decoded.kind === "message" && decoded.message.method === "emit") {
      const args = decodePayload(decoded.message.payload);
      // Clients get it as JSON.
      t.notThrows(() => JSON.stringify(args));
    }
  }
  t.true(outcomes.has("message") && outcomes.has("not_msgpack") && outcomes.has("wrong_type"));
  // The frame was checked before the library got it.
  t.false(outcomes.has("undecodable"));
});
