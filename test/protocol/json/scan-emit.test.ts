import test from "ava";
import { encodeMsgpackOrJson } from "../../../src/protocol/encoders.js";
import { checkJson } from "../../../src/protocol/json/check-json.js";
import { encodeJson } from "../../../src/protocol/json/encode.js";
import { scanEmit } from "../../../src/protocol/json/scan-emit.js";
import type { Dialect } from "../../../src/protocol/model/dialect.js";
import { emitOf } from "../../helpers/json-emits.js";
import { EMIT, HOST } from "../plain-emit.js";

const scan = (message: string | Uint8Array, dialect: Dialect = "5.15") => scanEmit(Buffer.from(message), dialect);

type Keys = Readonly<Record<string, string | undefined>>;

const HEAD: Keys = { method: '"emit"', event: '"e"' };
const TAIL: Keys = { namespace: '"/"', room: "null", skip_sid: "null", callback: "null", host_id: `"${HOST}"` };

/** @param keys - JSON texts, in this order; undefined leaves a key out */
function messageOf(keys: Keys): string {
  const pairs = Object.entries(keys).filter(([, json]) => json !== undefined);
  return `{${pairs.map(([key, json]) => `"${key}": ${json}`).join(", ")}}`;
}

/** As Python writes it. */
const emitWith = (keys: Keys) => messageOf({ ...HEAD, data: '[{"a": 1}]', binary: "false", ...TAIL, ...keys });

/** The text that was found as the payload. */
function payloadOf(message: string): string | undefined {
  const scanned = scan(message);
  return scanned && Buffer.from(message).toString("utf8", scanned.dataStart, scanned.dataEnd);
}

/** What `decode` reads, without the payload. */
function envelopeOf(message: string): object {
  const { payload: _, ...envelope } = emitOf(Buffer.from(message)) ?? { payload: undefined };
  return envelope;
}

/** The message with white space between all tokens. */
const spacedOut = (message: string) => ` \n${message.replaceAll(", ", " \t,\n").replaceAll(": ", "\r\n:\t ")} \n`;

const PAYLOADS = ["null", "false", "0", "-1.5e3", '"x"', '""', '"\\"}\\\\"', "[]", "{}", "[null]", '[{"a":[1]},"]"]'];

for (const data of PAYLOADS) {
  test(`the payload ${data} is found, whatever surrounds it`, (t) => {
    const old = { ...HEAD, data, ...TAIL };
    const last = { ...HEAD, ...TAIL, data };
    const first = { data, ...TAIL, binary: "false", ...HEAD };
    for (const message of [emitWith({ data }), messageOf(old), messageOf(last), messageOf(first)]) {
      t.is(payloadOf(message), data);
      t.is(payloadOf(spacedOut(message)), data);
    }
  });
}

test("the payload is not checked", (t) => {
  for (const data of ["[NaN]", '[1 2 "\n" \\]', '{"a": [}', "[\ufffd]"]) {
    t.is(payloadOf(emitWith({ data })), data);
  }
});

const ENVELOPES: readonly Keys[] = [
  { room: '"lobby"' },
  { room: '["a", "b", 7]' },
  { room: "42" },
  { room: "9007199254740993" },
  { room: "[1, 9007199254740993]" },
  { room: '["a", null]' },
  { room: '"quote \\" backslash \\\\"', skip_sid: '"\\\\\\""' },
  { room: '"} ] , : {"', skip_sid: '["[", "\\"]"]' },
  { namespace: '"/聊天"', room: '["房间", "\\u623f\\u95f4"]', event: '"消息"' },
  { skip_sid: '["s", "t"]', callback: '["r", "/chat", 3]' },
  { callback: '[9007199254740993, "/", 1]' },
  { except: '["x"]', node: '{"volatile": true, "compress": false, "null": true, "ackTimeout": 5, "sequence": 7}' },
  { host_id: "null" },
  { ts: "1.5", room: '"r"' },
];

for (const keys of ENVELOPES) {
  test(`${JSON.stringify(keys)}: the envelope is the one that decode reads`, (t) => {
    const message = emitWith(keys);
    t.deepEqual(scan(message)?.envelope, envelopeOf(message) as never);
    t.is(payloadOf(message), '[{"a": 1}]');
  });
}

test("keys that only this package writes are read too", (t) => {
  const emit = { ...EMIT, args: [{ a: [1] }, [2]], rooms: ["a", 9007199254740993n], skipSids: ["s", "t"] };
  const message = encodeJson({ ...emit, exceptRooms: ["x", "y"], node: { volatile: true, sequence: 3 } });
  t.deepEqual(scan(message)?.envelope, envelopeOf(message) as never);
  t.is(payloadOf(message), '[{"a":[1]},[2]]');
});

test("the payload form is the one that decode detects", (t) => {
  const ofNode = `"${HOST.slice(0, 12)}8${HOST.slice(13)}"`;
  for (const keys of [
    {},
    { host_id: ofNode },
    { node: '{"list": true}' },
    { host_id: ofNode, node: '{"list": true}' },
  ]) {
    for (const dialect of ["5.15", "5.14"] as const) {
      const message = emitWith(keys);
      const form = emitOf(Buffer.from(message), dialect)?.payload.form;
      t.is(scan(message, dialect)?.form, form as never, `${message} ${dialect}`);
      t.truthy(form);
    }
  }
});

test("a view of a larger buffer is read from its own start", (t) => {
  const message = Buffer.from(`xx${emitWith({})}xx`);
  const view = new Uint8Array(message.buffer, message.byteOffset + 2, message.length - 4);
  const { dataStart: start, dataEnd: end } = scan(view) ?? { dataStart: 0, dataEnd: 0 };
  t.is(Buffer.from(view.subarray(start, end)).toString(), '[{"a": 1}]');
});

const MANY = JSON.stringify(Array.from({ length: 300 }, (_, index) => `room ${index}`));

/** What is left to `decode`, valid or not. */
const ORDINARY: Readonly<Record<string, string | Uint8Array>> = {
  "an empty message": "",
  "white space": " \n ",
  "a list": "[1]",
  "an empty object": "{}",
  "a pickle": Buffer.from([0x80, 4, 0x7d, 0x2e]),
  MessagePack: encodeMsgpackOrJson(EMIT),
  "a byte order mark": `\ufeff${emitWith({})}`,
  attachments: emitWith({ binary: "true" }),
  "attachments, with binary given twice": emitWith({}).replace('"room"', '"binary": true, "room"'),
  "another method": emitWith({ method: '"callback"' }),
  "a second method": `${emitWith({}).slice(0, -1)}, "method": "callback"}`,
  "no payload": messageOf({ ...HEAD, ...TAIL }),
  "a second payload": `${emitWith({}).slice(0, -1)}, "data": [2]}`,
  "a second payload before the first": `{"data": [2], ${emitWith({}).slice(1)}`,
  "a second payload with an escaped key": `${emitWith({}).slice(0, -1)}, "dat\\u0061": [2]}`,
  "a payload with an escaped key": emitWith({}).replace('"data"', '"\\u0064ata"'),
  "no room": emitWith({ room: undefined }),
  "no host_id": emitWith({ host_id: undefined }),
  "a list before the payload": messageOf({ ...HEAD, ...TAIL, room: '["r"]', data: "1" }),
  "a room that is a fraction": emitWith({ room: "1.5" }),
  "an empty list of rooms": emitWith({ room: "[]" }),
  "a reserved event": emitWith({ event: '"disconnect"' }),
  "an unsafe key": emitWith({ node: '{"constructor": {"prototype": 1}}' }),
  "an escaped unsafe key": emitWith({ node: '{"\\u005f_proto__": 1}' }),
  "a callback of two items": emitWith({ callback: '["r", 1]' }),
  NaN: emitWith({ ts: "NaN" }),
  "a comma too many": emitWith({}).replace(', "room"', ',, "room"'),
  "two values": emitWith({}).replace("null", "null null"),
  "trailing text": `${emitWith({})}x`,
  "no closing brace": emitWith({}).slice(0, -1),
  "a control character": emitWith({ room: '"a\nb"' }),
  "invalid UTF-8": Buffer.from(emitWith({ room: '"\u00ff"' }), "latin1"),
  "a replacement character": emitWith({ room: '"\ufffd"' }),
  "a large envelope": emitWith({ room: MANY }),
  "a large envelope before the payload": emitWith({ event: `"${"e".repeat(3_000)}"` }),
  "a large envelope around a text": emitWith({ data: '"x"', room: MANY }),
};

for (const [name, message] of Object.entries(ORDINARY)) {
  test(`${name}: left to decode`, (t) => {
    t.is(scan(message), undefined);
  });
}

test("checkJson finds what was wrongly taken for a part of the payload", (t) => {
  const meta = messageOf({ ...HEAD, data: "[1]", meta: '{"a": 1}', ...TAIL });
  for (const message of [meta, `${emitWith({})}${emitWith({})}`, emitWith({ data: "[1]]" })]) {
    const { dataStart: start, dataEnd: end } = scan(message) ?? { dataStart: 0, dataEnd: 0 };
    t.true(end > start);
    t.is(checkJson(Buffer.from(message), start, end), undefined);
  }
});

test("a message of any size is scanned in bounded time", (t) => {
  const long = `"${"x".repeat(1_000_000)}"`;
  t.is(payloadOf(emitWith({ data: `[${long}]` })), `[${long}]`);
  t.is(payloadOf(emitWith({ data: long })), long);
  t.is(scan("{".repeat(1_000_000)), undefined);
  t.is(scan(" ".repeat(1_000_000)), undefined);
  t.is(scan(`{"method": ${long}`), undefined);
  t.is(scan(`{${" ".repeat(2_500)}"`), undefined);
  t.is(scan(`{"data": [x"${" ".repeat(2_500)}}`), undefined);
  const message = emitWith({});
  for (let at = 0; at <= message.length; at += 1) {
    for (const gap of [" ".repeat(2_500), '"'.repeat(2_500), "\\".repeat(2_500)]) {
      const isInPayload = at >= message.indexOf(" [") && at <= message.indexOf("]") + 1;
      t.is(scan(message.slice(0, at) + gap + message.slice(at)) === undefined, !isInPayload, `${at}`);
    }
  }
  t.is(scan(emitWith({ data: "[]", room: `[${long}]` })), undefined);
  t.is(scan(emitWith({ data: `"${'\\"'.repeat(500_000)}"`, room: `"${"\\\\".repeat(500_000)}"` })), undefined);
});
