import test from "ava";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import type { Message } from "../../src/protocol/model/messages.js";
import type { RejectReason } from "../../src/protocol/model/rejection.js";

const MAX_SIZE = 1_000_000;

const read = (text: string | Uint8Array) =>
  decode(typeof text === "string" ? new TextEncoder().encode(text) : text, MAX_SIZE);

function message(text: string): Message {
  const decoded = read(text);
  if (decoded.kind !== "message") {
    throw new Error(`not a message: ${JSON.stringify(decoded)}`);
  }
  return decoded.message;
}

/** The arguments of an emit with these fields, or the reason why they are rejected. */
function args(fields: string): readonly unknown[] | string {
  const emit = message(`{"method": "emit", "event": "e", ${fields}}`);
  if (emit.method !== "emit") {
    throw new Error("not an emit");
  }
  const decoded = decodePayload(emit.payload);
  return "args" in decoded ? decoded.args : decoded.rejection.reason;
}

test("an emit as python-socketio 5.18 writes it", (t) => {
  const text =
    '{"method": "emit", "event": "my event", "data": [{"a": 1}, "b"], "binary": false, "namespace": "/chat", ' +
    '"room": "r", "skip_sid": "s", "callback": ["r", "/chat", 7], "host_id": "0123456789abcdef0123456789abcdef"}';
  t.deepEqual(message(text), {
    method: "emit",
    event: "my event",
    payload: { data: [{ a: 1 }, "b"], form: "argument-list", binary: false },
    namespace: "/chat",
    rooms: ["r"],
    skipSids: ["s"],
    exceptRooms: [],
    callback: { room: "r", namespace: "/chat", id: 7 },
    hostId: "0123456789abcdef0123456789abcdef",
  });
});

test("the other five methods of Python", (t) => {
  const common = '"namespace": "/", "host_id": "h"';
  t.deepEqual(message(`{"method": "callback", "sid": 42, "id": 3, "args": [1, null], ${common}}`), {
    method: "callback",
    callback: { room: 42, namespace: "/", id: 3 },
    args: [1, null],
    hostId: "h",
  });
  const sender = { namespace: "/", hostId: "h" };
  t.deepEqual(message(`{"method": "disconnect", "sid": "s", ${common}}`), {
    method: "disconnect",
    sid: "s",
    ...sender,
  });
  for (const method of ["enter_room", "leave_room"] as const) {
    const move = message(`{"method": "${method}", "sid": "s", "room": 1, ${common}}`);
    t.deepEqual(move, { method, sid: "s", room: 1, ...sender });
  }
  t.deepEqual(message(`{"method": "close_room", "room": "r", ${common}}`), {
    method: "close_room",
    room: "r",
    ...sender,
  });
});

test("the data of each release becomes the arguments that a client gets", (t) => {
  // 5.15.1 and later: always the list of arguments.
  t.deepEqual(args('"data": [1, "two"]'), [1, "two"]);
  t.deepEqual(args('"data": [[1, 2]]'), [[1, 2]]);
  t.deepEqual(args('"data": [null]'), []);
  t.deepEqual(args('"data": []'), []);
  t.deepEqual(args('"data": [null, null]'), [null, null]);
  // Before: the value itself.
  t.deepEqual(args('"data": {"a": 1}'), [{ a: 1 }]);
  t.deepEqual(args('"data": "text"'), ["text"]);
  t.deepEqual(args('"data": null'), []);
});

test("bytes replace their placeholders at any depth", (t) => {
  const placeholder = (num: number) => `{"_placeholder": true, "num": ${num}}`;
  const bytes = [Buffer.from("a"), Buffer.from("bc")];
  const encoded = bytes.map((one) => `"${one.toString("base64")}"`).join(", ");
  const binary = (value: string) => args(`"binary": true, "data": [${value}, ${encoded}]`);
  t.deepEqual(binary(`[${placeholder(0)}, {"x": [${placeholder(1)}]}]`), [bytes[0], { x: [bytes[1]] }]);
  t.deepEqual(binary(`[${placeholder(1)}, ${placeholder(1)}]`), [bytes[1], bytes[1]]);
  // 5.14.2 to 5.15.0: the value itself.
  t.deepEqual(binary(placeholder(0)), [bytes[0]]);
  t.deepEqual(binary(`{"x": ${placeholder(1)}}`), [{ x: bytes[1] }]);
});

test("something that looks like a placeholder is data if there are no attachments", (t) => {
  t.deepEqual(args('"data": [{"_placeholder": true, "num": 0}]'), [{ _placeholder: true, num: 0 }]);
});

test("rooms and skipped sids in each of their forms", (t) => {
  const emit = (fields: string) => {
    const decoded = message(`{"method": "emit", "event": "e", "data": null, ${fields}}`);
    return decoded.method === "emit" ? [decoded.rooms, decoded.skipSids] : t.fail();
  };
  t.deepEqual(emit('"room": null, "skip_sid": null'), [null, []]);
  t.deepEqual(emit('"x": 1'), [null, []]);
  t.deepEqual(emit('"room": "", "skip_sid": "s"'), [[""], ["s"]]);
  t.deepEqual(emit('"room": 42, "skip_sid": ["s", null, "t"]'), [[42], ["s", "t"]]);
  t.deepEqual(emit('"room": ["r", -1], "skip_sid": []'), [["r", -1], []]);
  t.deepEqual(emit('"room": ["r", null]'), [null, []]);
  t.deepEqual(emit('"room": 9007199254740993'), [[9007199254740993n], []]);
  t.deepEqual(emit('"room": ["NaN 1", -18446744073709551617]'), [["NaN 1", -18446744073709551617n], []]);
});

test("constructor and prototype are ordinary data unless one contains the other, as on a Python host", (t) => {
  const data = { constructor: "Ferrari", a: "__proto__", b: [{ constructor: { name: "Lotus" } }], prototype: 1 };
  t.deepEqual(args(`"data": [${JSON.stringify(data)}]`), [data]);
});

test("NaN and Infinity are numbers outside strings, and text inside", (t) => {
  t.deepEqual(args('"data": [NaN, -Infinity, Infinity, "NaN \\" Infinity"]'), [
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    'NaN " Infinity',
  ]);
  // Not null, which would be no argument at all.
  t.deepEqual(args('"data": [NaN]'), [Number.NaN]);
});

test("messages without a known method, and unknown keys, are ignored", (t) => {
  for (const text of ["{}", '{"node": 1}', '{"method": "resize", "x": 1}', '{"method": "toString"}']) {
    t.deepEqual(read(text), { kind: "ignored" }, text);
  }
  t.is(message('{"method": "close_room", "room": "r", "later": {"a": [1]}}').method, "close_room");
});

test("a missing namespace is /", (t) => {
  t.like(message('{"method": "close_room", "room": "r"}'), { namespace: "/" });
});

const emit = (fields: string) => `{"method": "emit", "event": "e", "data": null, ${fields}}`;
const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}${close.repeat(depth)}`;

const BAD: readonly (readonly [RejectReason, string, string | Uint8Array])[] = [
  ["not_json", "nothing", ""],
  ["not_json", "text", "hello"],
  ["not_json", "a truncated message", '{"method": "emit", "event": "e", "da'],
  ["not_json", "two messages in one", '{"method": "emit"}{"method": "emit"}'],
  ["not_json", "a misspelt NaN", '{"method": "emit", "event": "e", "data": NaNN}'],
  ["not_json", "text that is not UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])],
  ["not_json", "random bytes", Buffer.from([0x00, 0x9f, 0x92, 0x96])],
  ["pickle", "a pickle of protocol 4", Buffer.from([0x80, 4, 0x95, 0x11, 0, 0, 0, 0, 0, 0, 0])],
  ["pickle", "a pickle of protocol 2", Buffer.from([0x80, 2, 0x7d, 0x71])],
  ["not_object", "an array", "[1]"],
  ["not_object", "a string", '"emit"'],
  ["not_object", "null", "null"],
  ["not_object", "a number", "1"],
  ["wrong_type", "a method that is a number", '{"method": 5}'],
  ["wrong_type", "no event", '{"method": "emit", "data": null}'],
  ["wrong_type", "an event that is a list", '{"method": "emit", "event": ["e"], "data": null}'],
  ["wrong_type", "no data", '{"method": "emit", "event": "e"}'],
  ["wrong_type", "a namespace that is a number", emit('"namespace": 1')],
  ["wrong_type", "a room that is an object", emit('"room": {"a": 1}')],
  ["wrong_type", "a room that is a boolean", emit('"room": true')],
  ["wrong_type", "a room that is a fraction", emit('"room": 1.5')],
  ["wrong_type", "a room that is NaN", emit('"room": NaN')],
  ["wrong_type", "a room of more than 100 digits", emit(`"room": ${"9".repeat(101)}`)],
  ["wrong_type", "an empty list of rooms", emit('"room": []')],
  ["wrong_type", "a nested list of rooms", emit('"room": [["r"]]')],
  ["wrong_type", "a skip_sid that is a number", emit('"skip_sid": 1')],
  ["wrong_type", "a number in skip_sid", emit('"skip_sid": ["s", 1]')],
  ["wrong_type", "binary that is a string", emit('"binary": "true"')],
  ["wrong_type", "an exception that is a number", emit('"except": 1')],
  ["wrong_type", "a sid that is a number", '{"method": "disconnect", "sid": 1}'],
  ["wrong_type", "no sid", '{"method": "enter_room", "room": "r"}'],
  ["wrong_type", "no room", '{"method": "leave_room", "sid": "s"}'],
  ["wrong_type", "no room to close", '{"method": "close_room", "room": null}'],
  ["wrong_type", "an acknowledgement without arguments", '{"method": "callback", "sid": "s", "id": 1}'],
  ["wrong_type", "an acknowledgement without an id", '{"method": "callback", "sid": "s", "id": "1", "args": []}'],
  ["bad_callback", "a callback of two items", emit('"callback": ["r", "/"]')],
  ["bad_callback", "a callback of four items", emit('"callback": ["r", "/", 1, 2]')],
  ["bad_callback", "a callback that is a string", emit('"callback": "r"')],
  ["bad_callback", "a callback with a string for its id", emit('"callback": ["r", "/", "1"]')],
  ["unsafe_name", "__proto__ as a key", '{"method": "emit", "event": "e", "data": {"__proto__": {"a": 1}}}'],
  ["unsafe_name", "an escaped __proto__", '{"method": "emit", "event": "e", "data": {"\\u005f_proto__": 1}}'],
  ["unsafe_name", "constructor.prototype at depth", emit('"data": [[{"x": {"constructor": {"prototype": 1}}}]]')],
  ["unsafe_name", "an escaped constructor", emit('"data": {"\\u0063onstructor": {"prototype": {}}}')],
  ["unsafe_name", "__proto__ as a key of the message", '{"__proto__": {"method": "emit"}}'],
  ["reserved_event", "connect", '{"method": "emit", "event": "connect", "data": null}'],
  ["reserved_event", "disconnect", '{"method": "emit", "event": "disconnect", "data": null}'],
  ["reserved_event", "newListener", '{"method": "emit", "event": "newListener", "data": null}'],
  ["too_deep", "10,000 lists", emit(`"data": ${nested(10_000, "[", "]")}`)],
  ["too_deep", "10,000 objects", emit(`"data": ${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`)],
  ["too_deep", "1,001 levels", nested(1_001, "[", "]")],
  ["too_large", "a message above maxSize", new Uint8Array(MAX_SIZE + 1)],
  ["too_large", "a join of 10,001 rooms", `{"method": "node_join", "names": [${'"r",'.repeat(10_000)}"r"]}`],
  ["too_large", "a leave of 10,001 rooms", `{"method": "node_leave", "names": [${'"r",'.repeat(10_000)}"r"]}`],
];

for (const [reason, what, text] of BAD) {
  test(`${what} is rejected: ${reason}`, (t) => {
    const decoded = read(text);
    t.is(decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind, reason);
  });
}

const BAD_BINARY: readonly (readonly [RejectReason, string, string])[] = [
  ["wrong_type", "data that is an object", '{"a": 1}'],
  ["wrong_type", "data that is an empty list", "[]"],
  ["bad_base64", "text that is not base64", '[[{"_placeholder": true, "num": 0}], "***"]'],
  ["bad_base64", "base64 of a wrong length", '[[{"_placeholder": true, "num": 0}], "abc"]'],
  ["bad_base64", "url-safe base64", '[[{"_placeholder": true, "num": 0}], "_-8="]'],
  ["bad_base64", "a number", '[[{"_placeholder": true, "num": 0}], 1]'],
  ["bad_placeholder", "a placeholder number out of range", '[[{"_placeholder": true, "num": 1}], "YQ=="]'],
  ["bad_placeholder", "a negative placeholder number", '[[{"_placeholder": true, "num": -1}], "YQ=="]'],
  ["bad_placeholder", "a fraction for a placeholder number", '[[{"_placeholder": true, "num": 0.5}], "YQ=="]'],
  [
    "bad_placeholder",
    "the name of a property for a placeholder number",
    '[[{"_placeholder": true, "num": "length"}], "YQ=="]',
  ],
  ["bad_placeholder", "a placeholder without a number", '[[{"_placeholder": true}], "YQ=="]'],
];

for (const [reason, what, data] of BAD_BINARY) {
  test(`a binary emit with ${what} is rejected: ${reason}`, (t) => {
    t.is(args(`"binary": true, "data": ${data}`), reason);
  });
}

test("a rejection names the sender if the message could be read and the name looks like one", (t) => {
  const hostId = (text: string) => {
    const decoded = read(text);
    return decoded.kind === "rejected" ? decoded.hostId : t.fail();
  };
  t.is(hostId('{"method": "emit", "host_id": "abc123"}'), "abc123");
  t.is(hostId('{"method": "emit", "host_id": "a\\nforged log line"}'), undefined);
  t.is(hostId('{"method": "emit", "host_id": 7}'), undefined);
});

test("rooms, events and namespaces have any name, as on a Python host", (t) => {
  for (const name of ["__proto__", "constructor", "prototype", "toString", ""]) {
    const text = JSON.stringify({ method: "emit", event: name, data: null, namespace: name, room: [name, "r"] });
    const decoded = read(text);
    t.like(decoded, { kind: "message", message: { event: name, namespace: name, rooms: [name, "r"] } });
    t.is(read(JSON.stringify({ method: "enter_room", sid: "s", room: name })).kind, "message");
  }
});

test("nothing pollutes a prototype", (t) => {
  read('{"method": "emit", "event": "e", "data": {"__proto__": {"polluted": 1}}}');
  read('{"method": "emit", "event": "e", "data": {"constructor": {"prototype": {"polluted": 1}}}}');
  t.false("polluted" in {});
});

test("messages exactly at the limits are read", (t) => {
  t.is(read(emit(`"data": [${nested(997, "[", "]")}]`)).kind, "message");
  const start = '{"method": "emit", "event": "e", "data": "';
  t.is(read(`${start}${"x".repeat(MAX_SIZE - start.length - 2)}"}`).kind, "message");
});

test("keys of Node hosts are checked like those of Python", (t) => {
  const reason = (message: object) => {
    const decoded = decode(Buffer.from(JSON.stringify({ namespace: "/", ...message })), 10_000);
    return decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind;
  };
  const emit = { method: "emit", event: "e", data: null };
  t.is(reason({ ...emit, node: null }), "message");
  t.is(reason({ ...emit, node: { future: 1 } }), "message");
  for (const node of [
    [],
    "x",
    5,
    { volatile: 1 },
    { compress: "no" },
    { null: [] },
    { ackTimeout: -1 },
    { ackTimeout: "5" },
  ]) {
    t.is(reason({ ...emit, node }), "wrong_type", JSON.stringify(node));
  }
  t.is(reason({ ...emit, node: { unskipped: 1 } }), "wrong_type");
  t.is(reason({ method: "disconnect", sid: "s", node: { ignore: 1 } }), "wrong_type");
  t.is(reason({ method: "node_join", room: "r", names: ["a"] }), "message");
  t.is(reason({ method: "node_join", room: [], names: ["a"] }), "wrong_type");
  t.is(reason({ method: "node_join", room: "r", names: [5] }), "wrong_type");
  t.is(reason({ method: "node_join", room: "r", names: ["__proto__"] }), "message");
  t.is(reason({ method: "node_disconnect", room: "r", close: "yes" }), "wrong_type");
});
