import { brotliCompressSync } from "node:zlib";
import { encode as pack } from "@msgpack/msgpack";
import test from "ava";
import { unpackEnvelope } from "../../src/bus/kombu/envelope.js";
import { BridgeError } from "../../src/errors.js";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { createEncoder } from "../../src/protocol/encoders.js";

import { checkJson } from "../../src/protocol/json/check-json.js";
import type { EmitMessage } from "../../src/protocol/model/messages.js";
import { UnreadableError } from "../../src/protocol/model/unreadable-error.js";
import { decodeSideChannel } from "../../src/protocol/side-channel/decode.js";
import { HEAVY_JSON, HEAVY_MSGPACK, LIGHT_JSON, listOf, reply } from "../helpers/heavy-messages.js";
import { EMIT } from "./plain-emit.js";

/** Reading a message takes time and memory in proportion to its size; what would take more is rejected before. */

const MiB = 1024 * 1024;
const MAX_SIZE = 48 * MiB;
const OPTIONS = { legacyPickle: "data-only", dialect: "5.15" } as const;

const read = (payload: string | Uint8Array) => decode(Buffer.from(payload), MAX_SIZE, OPTIONS);

function reasonOf(payload: string | Uint8Array): string {
  const decoded = read(payload);
  return decoded.kind === "rejected" ? `${decoded.rejection.reason}: ${decoded.rejection.detail}` : decoded.kind;
}

const emit = (data: string, rest = "") => `{"method": "emit", "event": "e", "data": ${data}${rest}}`;

const TOO_HEAVY = "too_large: so many small values that they take more than 10 times its size in memory";

for (const [what, data] of HEAVY_JSON) {
  test(`JSON of 5 MiB with ${what} is rejected, and not passed through`, (t) => {
    const json = data(5 * MiB);
    t.is(reasonOf(emit(json)), TOO_HEAVY);
    t.is(checkJson(Buffer.from(json), 0, json.length), undefined);
    // Whoever has few of them may have what he likes.
    t.is(reasonOf(emit(data(100_000))), "message");
  });
}

for (const [what, data] of LIGHT_JSON) {
  test(`JSON of 5 MiB with ${what} is read, and passed through`, (t) => {
    const json = data(5 * MiB);
    t.is(reasonOf(emit(json)), "message");
    t.is(checkJson(Buffer.from(json), 0, json.length), "ascii");
  });
}

for (const [what, data] of HEAVY_MSGPACK) {
  test(`MessagePack of 5 MiB with ${what} is rejected on both channels`, (t) => {
    const frame = data(5 * MiB);
    t.regex(reasonOf(frame), /^too_large: (?:so many small values|more than 50000 values of bytes)/);
    const decoded = decodeSideChannel(frame, MAX_SIZE);
    t.is(decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind, "too_large");
    t.is(decodeSideChannel(reply(data(20_000)), MAX_SIZE).kind, "message");
  });
}

/** Calls `use`, and records every call of `owner[name]` meanwhile. */
function callsOf(owner: object, name: string, use: () => void): readonly (readonly unknown[])[] {
  const original = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
  const calls: unknown[][] = [];
  function recording(this: unknown, ...args: unknown[]): unknown {
    calls.push(args);
    return Reflect.apply(original.value, this, args);
  }
  Object.defineProperty(owner, name, { ...original, value: recording });
  try {
    use();
  } finally {
    Object.defineProperty(owner, name, original);
  }
  return calls;
}

const MESSAGES: readonly (readonly [string, Buffer])[] = [
  ["JSON with a key constructor", Buffer.from(emit(`[{"constructor": 1}, ${listOf("1", MiB)}]`))],
  ["JSON with NaN", Buffer.from(emit(`[NaN, ${listOf("1", MiB)}]`))],
  ["JSON with placeholders", Buffer.from(emit(`[[${listOf("1", MiB)}]]`, ', "binary": true'))],
  ["MessagePack with the text constructor", frameOf({ data: ["constructor", Array(MiB).fill(1)] })],
  ["MessagePack with a key of 64 bits", frameOf({ data: [new Map([[2n ** 63n, 1]]), Array(MiB).fill(1)] })],
];

function frameOf(fields: object): Buffer {
  const map = { method: "emit", event: "e", ...fields };
  return packed(map);
}

function packed(value: unknown): Buffer {
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [Buffer.from(pack(key, { useBigInt64: true })), packed(item)]);
    return Buffer.concat([Buffer.from([0x80 + entries.length]), ...entries.flat()]);
  }
  if (Array.isArray(value) && value.some((item) => item instanceof Map || Array.isArray(item))) {
    return Buffer.concat([Buffer.from([0x90 + value.length]), ...value.map(packed)]);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value).map(([key, item]) => [Buffer.from(pack(key)), packed(item)]);
    return Buffer.concat([Buffer.from([0x80 + entries.length]), ...entries.flat()]);
  }
  return Buffer.from(pack(value));
}

for (const [what, message] of MESSAGES) {
  test.serial(`${what}: no list is copied entry by entry, and no parser calls back for each value`, (t) => {
    const use = () => {
      const decoded = read(message);
      if (decoded.kind !== "message") {
        t.fail(JSON.stringify(decoded));
        return;
      }
      decodePayload((decoded.message as EmitMessage).payload);
    };
    const isLong = ([value]: readonly unknown[]) => Array.isArray(value) && value.length > 1_000;
    for (const name of ["entries", "keys", "values"]) {
      t.deepEqual(callsOf(Object, name, use).filter(isLong), [], name);
    }
    t.true(callsOf(JSON, "parse", use).every((args) => args.length === 1));
  });
}

test("NaN and Infinity are read wherever they stand, and nowhere else", (t) => {
  const data = '[NaN, "NaN", {"NaN": [-Infinity, "a\\"NaN,Infinity"], "x": Infinity}, 1]';
  const decoded = read(emit(data));
  t.deepEqual(decoded.kind === "message" ? (decoded.message as EmitMessage).payload.data : decoded, [
    Number.NaN,
    "NaN",
    { NaN: [Number.NEGATIVE_INFINITY, 'a"NaN,Infinity'], x: Number.POSITIVE_INFINITY },
    1,
  ]);
  for (const wrong of ["NaNN", "-NaN", "1Infinity", "Infinity1", "NaN NaN", "[1,,NaN]"]) {
    t.regex(reasonOf(emit(wrong)), /^not_json/, wrong);
  }
  // As Python writes them.
  t.is(reasonOf(emit(listOf(" NaN", 5 * MiB))), "message");
});

test("the digits of a room are read beside a number of millions of digits", (t) => {
  const digits = "7".repeat(6_000_000);
  const decoded = read(emit(`[${digits}, 0.${digits}, -${digits}]`, ', "room": [9007199254740993, "r"]'));
  t.deepEqual(decoded.kind === "message" && (decoded.message as EmitMessage).rooms, [9007199254740993n, "r"]);
  t.regex(reasonOf(emit("1", `, "room": ${digits}`)), /^wrong_type: room is/);
});

test("unsafe keys are found beside anything, and named with their sender", (t) => {
  for (const data of [
    '{"constructor": {"a": [1], "prototype": 1}}',
    '{"constructor": {"a": {"b": 1}, "\\u0070rototype": 1}}',
    '[{"\\u0063onstructo\\u0072": {"prototype": {}}}]',
  ]) {
    t.is(reasonOf(emit(data)), 'unsafe_name: the key "constructor"', data);
  }
  const decoded = read(emit('{"__proto__": 1}', ', "host_id": "h"'));
  t.like(decoded, { kind: "rejected", hostId: "h", rejection: { reason: "unsafe_name" } });
  for (const data of [
    '{"constructor": [{"prototype": 1}]}',
    '{"constructor": 1, "a": {"prototype": 1}}',
    '{"constructor": {"a": {"prototype": 1}}}',
    '["constructor", {"prototype": 1}]',
    '{"constructor": "\\"", "x\\n": {"prototype": 1}}',
  ]) {
    t.is(reasonOf(emit(data)), "message", data);
  }
  const unsafe = frameOf({ data: { constructor: { a: 1, prototype: 1 } } });
  t.is(reasonOf(unsafe), 'unsafe_name: the key "constructor"');
  t.is(reasonOf(frameOf({ data: { constructor: 1, a: { prototype: 1 } } })), "message");
});

const argsOf = (data: string) => {
  const decoded = read(emit(data, ', "binary": true'));
  const payload =
    decoded.kind === "message" ? decodePayload((decoded.message as EmitMessage).payload) : failed(decoded);
  return "rejection" in payload ? payload.rejection.reason : "args";
};

function failed(decoded: unknown): never {
  throw new Error(JSON.stringify(decoded));
}

test("attachments and their placeholders are counted before they are decoded", (t) => {
  const placeholders = (count: number, num = 0) => Array(count).fill(`{"_placeholder":true,"num":${num}}`).join(",");
  t.is(argsOf(`[[${placeholders(2)}], "YQ=="]`), "args");
  t.is(argsOf(`[[${placeholders(50_001)}], "YQ=="]`), "too_large");
  t.is(argsOf(`[1${',""'.repeat(50_000)}]`), "args");
  t.is(argsOf(`[1${',""'.repeat(50_001)}]`), "too_large");
  const large = "A".repeat(MiB);
  t.is(argsOf(`[[${placeholders(30)}], "${large}"]`), "args");
  t.is(argsOf(`[[${placeholders(60)}], "${large}"]`), "too_large");
});

for (const encoding of ["json", "msgpack"] as const) {
  const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });

  test(`what other hosts reject as too heavy is not sent as ${encoding}`, (t) => {
    for (const arg of [
      Array(2_000_000).fill([]),
      Object.fromEntries(Array.from({ length: 500_000 }, (_, index) => [`k${index}`, 1])),
      Array(50_001).fill(Buffer.alloc(0)),
    ]) {
      t.throws(() => encode({ ...EMIT, args: [arg] }).length, {
        instanceOf: BridgeError,
        code: "BRIDGE_INVALID_ARGUMENT",
      });
    }
    t.is(reasonOf(encode({ ...EMIT, args: [Array(500_000).fill(1)] })), "message");
    t.is(reasonOf(encode({ ...EMIT, args: [Array(50_000).fill(Buffer.alloc(0))] })), "message");
  });
}

const LISTS = ["room", "skip_sid", "except"] as const;
const MAX_LISTED = 100_000;

/** Short enough that as many weigh little. */
const namesOf = (count: number) => Array.from({ length: count }, (_, index) => (index % 1_000).toString(36));

test("a message lists at most 100,000 rooms and sids in any encoding, and JSON with more is not parsed", (t) => {
  for (const key of LISTS) {
    const text = (names: unknown) => emit("[1]", `, "x": [1, 2], "${key}": ${JSON.stringify(names)}, "y": [1, 2]`);
    const frame = (names: unknown) => frameOf({ data: [1], [key]: names, y: [1, 2] });
    const pickle = (names: readonly string[]) =>
      Buffer.from(
        `\x80\x02}(Vmethod\nVemit\nVevent\nVe\nVdata\nNVbinary\nI00\nV${key}\n(${names.map((name) => `V${name}\n`).join("")}lu.`,
        "latin1",
      );
    for (const write of [text, frame, pickle]) {
      t.is(reasonOf(write(namesOf(MAX_LISTED))), "message", `${key} as ${write.name}`);
      t.is(reasonOf(write(namesOf(MAX_LISTED + 1))), "too_large: more than 100000 rooms and sids", write.name);
    }
    const message = text(namesOf(MAX_LISTED + 1));
    t.deepEqual(
      callsOf(JSON, "parse", () => read(message)),
      [],
    );
  }
});

test("names are counted in all lists of a message together, in any spelling and depth", (t) => {
  const half = JSON.stringify(namesOf(MAX_LISTED / 2 + 1));
  t.is(reasonOf(emit("[1]", `, "room": ${half}, "except": []`)), "message");
  const tooMany = "too_large: more than 100000 rooms and sids";
  t.is(reasonOf(emit("[1]", `, "room": ${half}, "except": ${half}`)), tooMany);
  t.is(reasonOf(emit("[1]", `, "skip_sid": ${half}, "skip_sid": ${half}`)), tooMany);
  t.is(reasonOf(emit("[1]", `, "\\u0072oom": ${JSON.stringify(namesOf(MAX_LISTED + 1))}`)), tooMany);
  t.is(reasonOf(emit("[1]", `, "room": [[${half}, ${half}]]`)), tooMany);
  t.is(reasonOf(emit(`[{"room": ${half}, "except": ${half}}, "room"]`)), "message");
  t.is(reasonOf(frameOf({ data: [{ room: namesOf(2 * MAX_LISTED) }, "room", namesOf(MAX_LISTED)] })), "message");
});

test("a request to other Node hosts lists at most 100,000 rooms", (t) => {
  const request = (count: number) =>
    packed({ type: "fetch_sockets", from: "f".repeat(32), id: 1, namespace: "/", rooms: namesOf(count), except: [] });
  t.is(decodeSideChannel(request(MAX_LISTED), MAX_SIZE).kind, "message");
  t.like(decodeSideChannel(request(MAX_LISTED + 1), MAX_SIZE), {
    kind: "rejected",
    rejection: { reason: "too_large" },
  });
});

for (const encoding of ["json", "msgpack"] as const) {
  const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });

  test(`an emit for 100,000 rooms is written, and for more it is an error: ${encoding}`, (t) => {
    const to = (count: number) => encode({ ...EMIT, rooms: namesOf(count), args: [1] });
    t.is(reasonOf(to(MAX_LISTED)), "message");
    t.throws(() => to(MAX_LISTED + 1), { instanceOf: UnreadableError, message: /more than 100000 rooms and sids$/ });
  });
}

test("a Kombu envelope is looked over before it is parsed", (t) => {
  const reason = (message: string) => unpackEnvelope(Buffer.from(message)).toString();
  t.regex(reason("[".repeat(2 * MiB)), /not a Kombu message: nested more than 100 levels/);
  t.regex(reason(`{"properties": ${listOf("{}", 6 * MiB)}}`), /not a Kombu message: so many small values/);
  const bomb = brotliCompressSync(Buffer.alloc(41 * MiB, " ")).toString("base64");
  const headers = { compression: "application/x-brotli" };
  const envelope = JSON.stringify({ body: bomb, headers, properties: { body_encoding: "base64" } });
  t.regex(reason(envelope), /not a Kombu message: Cannot create a Buffer larger than/);
});

test("a pickle of many small containers is rejected before it takes memory out of proportion", (t) => {
  t.regex(reasonOf(Buffer.from(`\x80\x02}(Vdata\n(${"]".repeat(240_000)}lu.`, "latin1")), /^too_large: so many small/);
  t.is(reasonOf(Buffer.from(`\x80\x02}(Vdata\n(${"]".repeat(120_000)}lu.`, "latin1")), "ignored");
});
