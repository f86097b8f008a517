import { gzipSync } from "node:zlib";
import type { BusName } from "../faults/names.js";
import type { Frame } from "./floods.js";

/** One frame that is costly to read for its size. */
export interface Heavy {
  readonly name: string;
  /** On these buses alone. @default all */
  readonly buses?: readonly BusName[];
  /** @param bytes - about its size */
  readonly frame: (bytes: number) => Frame;
}

const HOST = "f".repeat(32);

/** Of `docs/protocol.md`; `data` is JSON. */
const emit = (data: string, more = ""): string =>
  `{"method": "emit", "event": "relayed", "data": ${data}, "namespace": "/", "room": null, "skip_sid": null, ` +
  `"callback": null, "host_id": "${HOST}"${more}}`;

const times = (text: string, bytes: number): string => text.repeat(Math.max(1, Math.floor(bytes / text.length)));
const listOf = (item: string, bytes: number): string => `[${times(`${item},`, bytes)}${item}]`;

function keys(bytes: number, prefix = "k"): string {
  let text = "{";
  for (let number = 0; text.length < bytes; number += 1) {
    text += `"${prefix}${number}":0,`;
  }
  return `${text}"end":0}`;
}

const names = (bytes: number): string => {
  let text = "[";
  for (let number = 0; text.length < bytes; number += 1) {
    text += `"n${number}",`;
  }
  return `${text}"end"]`;
};

/** Eight of thirty letters, in an order of its own for each number. */
function someLetters(number: number): readonly string[] {
  const rest = [..."abcdefghijklmnopqrstuvwxyzABCD"];
  let random = number;
  return Array.from({ length: 8 }, () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
    return rest.splice((random >>> 8) % rest.length, 1)[0] as string;
  });
}

/** Different ones, over and over: as many as make a difference, and no more than can be built quickly. */
const MOST_DIFFERENT = 100_000;

function different(bytes: number, one: (number: number) => string): string {
  const size = one(0).length;
  const parts = Array.from({ length: Math.min(MOST_DIFFERENT, Math.ceil(bytes / size)) }, (_, number) => one(number));
  const all = parts.join("");
  return all.repeat(Math.max(1, Math.floor(bytes / all.length)));
}

const json = (name: string, text: (bytes: number) => string): Heavy => ({
  name: `JSON: ${name}`,
  frame: (bytes) => ({ isSideChannel: false, payload: Buffer.from(text(bytes)) }),
});

/** A map of MessagePack with these keys; the value of the last one is built of bytes. */
function packed(
  fields: Readonly<Record<string, string | number | boolean | null>>,
  last: string,
  body: Buffer,
): Buffer {
  const entries = Object.entries(fields);
  const parts: Buffer[] = [Buffer.from([0xde, 0x00, entries.length + 1])];
  for (const [key, value] of entries) {
    parts.push(text(key), scalar(value));
  }
  return Buffer.concat([...parts, text(last), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const header = Buffer.alloc(5);
  header[0] = 0xdb;
  header.writeUInt32BE(bytes.byteLength, 1);
  return Buffer.concat([header, bytes]);
}

function scalar(value: string | number | boolean | null): Buffer {
  if (typeof value === "string") {
    return text(value);
  }
  if (typeof value === "number") {
    return Buffer.from([value]);
  }
  return Buffer.from([value === null ? 0xc0 : value ? 0xc3 : 0xc2]);
}

function counted(type: number, count: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header[0] = type;
  header.writeUInt32BE(count, 1);
  return Buffer.concat([header, body]);
}

const list = (item: readonly number[], bytes: number): Buffer => {
  const count = Math.floor(bytes / item.length);
  return counted(0xdd, count, Buffer.alloc(count * item.length, Buffer.from(item)));
};

/** Keys of four digits each, and null. */
function packedKeys(bytes: number): Buffer {
  const count = Math.floor(bytes / 6);
  const body = Buffer.alloc(count * 6);
  for (let number = 0; number < count; number += 1) {
    body.write(`\xa4${(number % 1_679_616).toString(36).padStart(4, "0")}\xc0`, number * 6, "latin1");
  }
  return counted(0xdf, count, body);
}

const nestedLists = (bytes: number): Buffer => Buffer.alloc(bytes, 0x91).fill(0x90, bytes - 1);

const EMIT = {
  method: "emit",
  event: "relayed",
  namespace: "/",
  room: null,
  skip_sid: null,
  callback: null,
  host_id: HOST,
};

const msgpack = (name: string, body: (bytes: number) => Buffer, fields: typeof EMIT = EMIT): Heavy => ({
  name: `MessagePack: ${name}`,
  frame: (bytes) => ({ isSideChannel: false, payload: packed(fields, "data", body(bytes)) }),
});

const side = (
  name: string,
  fields: Readonly<Record<string, string | number | boolean | null>>,
  last: string,
  body: (bytes: number) => Buffer,
): Heavy => ({
  name: `side channel: ${name}`,
  frame: (bytes) => ({ isSideChannel: true, payload: packed({ from: HOST, ...fields }, last, body(bytes)) }),
});

const kombu = (name: string, payload: (bytes: number) => Buffer): Heavy => ({
  name: `Kombu envelope: ${name}`,
  buses: ["kombu-redis"],
  frame: (bytes) => ({ isSideChannel: false, isRaw: true, payload: payload(bytes) }),
});

const PROPERTIES =
  '"properties": {"delivery_mode": 2, "delivery_info": {"exchange": "x", "routing_key": ""}, "priority": 0, ' +
  '"body_encoding": "base64", "delivery_tag": "1"}';

/** Every kind. */
export const HEAVY: readonly Heavy[] = [
  json("digits in the data, and a large integer as the room", (bytes) =>
    emit(`[${"9".repeat(bytes)}]`).replace('"room": null', '"room": 9007199254740993'),
  ),
  json("digits as the room", (bytes) => emit("[1]").replace('"room": null', `"room": ${"9".repeat(bytes)}`)),
  json("a key constructor beside a list", (bytes) => emit(`[{"constructor": 1, "l": ${listOf("0", bytes)}}]`)),
  json("a key __proto__ beside a list", (bytes) => emit(`[{"__proto__": 1, "l": ${listOf("0", bytes)}}]`)),
  json("NaN beside a list", (bytes) => emit(`[NaN, ${listOf("0", bytes)}]`)),
  json("NaN and a large integer as the room, beside a list", (bytes) =>
    emit(`[NaN, ${listOf("0", bytes)}]`).replace('"room": null', '"room": 9007199254740993'),
  ),
  json("NaN, many times", (bytes) => emit(listOf("NaN", bytes))),
  json("nested lists", (bytes) => emit("[".repeat(bytes / 2) + "]".repeat(bytes / 2))),
  json("lists that never end", (bytes) => `{"method": "emit", "data": ${"[".repeat(bytes)}`),
  json("nested maps", (bytes) => emit(`${times('{"a":', bytes / 2)}0${"}".repeat(bytes / 10)}`)),
  json("many keys", (bytes) => emit(`[${keys(bytes)}]`)),
  json("the same key", (bytes) => emit(`[{${times('"a":0,', bytes)}"a":0}]`)),
  json("objects of eight letters in any order", (bytes) => {
    const one = (number: number) =>
      `{${someLetters(number)
        .map((letter) => `"${letter}":0`)
        .join(",")}},`;
    return emit(`[${different(bytes, one)}0]`);
  }),
  json("keys of digits that are no indexes", (bytes) =>
    emit(`[{${different(bytes, (number) => `"0${String(number).padStart(6, "0")}":0,`)}"end":0}]`),
  ),
  json("keys of the message", (bytes) => emit("[1]", `, "x": ${keys(bytes)}`)),
  json("empty maps", (bytes) => emit(listOf("{}", bytes))),
  json("empty strings, decoded", (bytes) => emit(`[NaN, ${listOf('""', bytes)}]`)),
  json("placeholders", (bytes) =>
    emit(`[${listOf('{"_placeholder":true,"num":0}', bytes)}, "AA=="]`, ', "binary": true'),
  ),
  json("attachments", (bytes) => emit(`[[1], ${times('"",', bytes)}""]`, ', "binary": true')),
  json("one attachment", (bytes) =>
    emit(`[{"_placeholder":true,"num":0}, "${"A".repeat(bytes - (bytes % 4))}"]`, ', "binary": true'),
  ),
  json("escapes", (bytes) => emit(`["${times("\\u0000", bytes)}"]`)),
  json("spaces", (bytes) => `${" ".repeat(bytes)}${emit("[1]")}${" ".repeat(8)}`),
  json("spaces within", (bytes) => emit(`[1${" ".repeat(bytes)}]`)),
  json("backslashes", (bytes) => emit(`["${times("\\\\", bytes)}"]`)),
  json("many rooms", (bytes) => emit("[1]").replace('"room": null', `"room": ${names(bytes)}`)),
  json("many sids to skip", (bytes) => emit("[1]").replace('"skip_sid": null', `"skip_sid": ${names(bytes)}`)),
  json("many excepted rooms", (bytes) => emit("[1]", `, "except": ${names(bytes)}`)),
  json("a long event", (bytes) => emit("[1]").replace('"relayed"', `"${"e".repeat(bytes)}"`)),
  json(
    "arguments of an acknowledgement",
    (bytes) =>
      `{"method": "callback", "host_id": "${HOST}", "sid": "a", "namespace": "/", "id": 1, "args": ${listOf("{}", bytes)}}`,
  ),
  json(
    "rooms to join",
    (bytes) =>
      `{"method": "node_join", "host_id": "${HOST}", "namespace": "/", "room": null, "except": [], "names": ${names(bytes)}}`,
  ),
  json(
    "rooms to leave",
    (bytes) =>
      `{"method": "node_leave", "host_id": "${HOST}", "namespace": "/", "room": null, "except": [], "names": ${names(bytes)}}`,
  ),
  json("a heartbeat", (bytes) => `{"heartbeat": "${"a".repeat(bytes)}", "sent": 1}`),
  json("a method", (bytes) => `{"method": "${"m".repeat(bytes)}"}`),
  msgpack("nested lists", nestedLists),
  msgpack("many keys", packedKeys),
  msgpack("maps of eight letters in any order", (bytes) => {
    const one = (number: number) =>
      `\x88${someLetters(number)
        .map((letter) => `\xa1${letter}\x00`)
        .join("")}`;
    const maps = Buffer.from(different(bytes, one), "latin1");
    return counted(0xdd, maps.byteLength / one(0).length, maps);
  }),
  msgpack("null, many times", (bytes) => list([0xc0], bytes)),
  msgpack("empty bytes", (bytes) => list([0xc4, 0x00], bytes)),
  msgpack("empty lists", (bytes) => list([0x90], bytes)),
  msgpack("empty maps", (bytes) => list([0x80], bytes)),
  msgpack("a text constructor beside a list", (bytes) =>
    Buffer.concat([Buffer.from([0x92]), text("constructor"), list([0xc0], bytes)]),
  ),
  msgpack("extensions", (bytes) => list([0xd4, 0x01, 0x00], bytes)),
  msgpack("one text", (bytes) => text("x".repeat(bytes))),
  msgpack("floats", (bytes) => list([0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], bytes)),
  {
    name: "pickle: opcodes",
    frame: (bytes) => ({
      isSideChannel: false,
      payload: Buffer.concat([Buffer.from([0x80, 0x04]), Buffer.alloc(bytes, "]")]),
    }),
  },
  {
    name: "pickle: marks and memo",
    frame: (bytes) => ({
      isSideChannel: false,
      payload: Buffer.concat([Buffer.from([0x80, 0x04]), Buffer.alloc(bytes, "}\x94(")]),
    }),
  },
  side("items of a reply", { type: "reply", to: HOST, id: 1, part: 0, isLast: true }, "items", (bytes) =>
    list([0xc0], bytes),
  ),
  side("sessions", { type: "exported_sessions", namespace: "/" }, "items", (bytes) => list([0x80], bytes)),
  side("arguments", { type: "server_side_emit", id: 1, namespace: "/", isAcknowledged: true }, "args", (bytes) =>
    Buffer.concat([Buffer.from([0x92]), text("called"), list([0xc0], bytes)]),
  ),
  side("rooms to fetch", { type: "fetch_sockets", id: 1, namespace: "/", except: null }, "rooms", (bytes) =>
    list([0xa1, 0x61], bytes),
  ),
  side("nested lists", { type: "ack", to: HOST, id: 1, sequence: 1 }, "args", nestedLists),
  side("many keys", { type: "hello", isHost: true, interval: 100, pythonSeenAgo: null }, "x", packedKeys),
  side("empty bytes", { type: "ack", to: HOST, id: 1, sequence: 1 }, "args", (bytes) => list([0xc4, 0x00], bytes)),
  kombu("lists that never end", (bytes) => Buffer.alloc(bytes, "[")),
  kombu("nested lists", (bytes) =>
    Buffer.from(`{"body": ${"[".repeat(bytes / 2)}${"]".repeat(bytes / 2)}, ${PROPERTIES}}`),
  ),
  kombu("many keys", (bytes) => Buffer.from(`{"body": "", "x": ${keys(bytes)}, ${PROPERTIES}}`)),
  kombu("a compressed body that is larger", (bytes) => {
    // A thousandth of what it holds.
    const body = gzipSync(Buffer.alloc(Math.min(bytes * 200, 2 ** 30), " ")).toString("base64");
    return Buffer.from(`{"body": "${body}", "headers": {"compression": "application/x-gzip"}, ${PROPERTIES}}`);
  }),
];
