import test from "ava";
import { BridgeError } from "../../src/errors.js";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { encodeJson } from "../../src/protocol/json/encode.js";
import type { Dialect } from "../../src/protocol/model/dialect.js";
import { newHostId } from "../../src/protocol/model/host-id.js";
import type { OutgoingEmit } from "../../src/protocol/model/outgoing.js";
import { EMIT as PLAIN_EMIT } from "./plain-emit.js";

const DIALECTS: readonly Dialect[] = ["5.15", "5.14", "5.13", "5.2"];

/** From a Node host. */
const EMIT: OutgoingEmit = { ...PLAIN_EMIT, hostId: newHostId() };

const written = (dialect: Dialect, fields: Partial<OutgoingEmit>) =>
  JSON.parse(encodeJson({ ...EMIT, ...fields }, dialect)) as Record<string, unknown>;

const bytes = Buffer.from([0, 255]);
const placeholder = { _placeholder: true, num: 0 };

const WITH_TO_JSON = { toJSON: () => [1] };

test("a form that all releases read alike is written in every dialect", (t) => {
  for (const args of [[], [null], [{ a: [1] }], ["text"], [0], [false], [undefined], [new Date(0)]]) {
    for (const rooms of [null, ["r"], [42]]) {
      const fields = {
        args,
        rooms,
        skipSids: ["s", "t"],
        exceptRooms: ["x"],
        callback: { room: "r", namespace: "/", id: 1 },
      };
      const [newest, ...older] = DIALECTS.map((dialect) => encodeJson({ ...EMIT, ...fields }, dialect));
      t.deepEqual([...new Set(older)], [newest]);
    }
  }
});

/** `data` and `binary`, or the error if there is no form. */
const FORMS: readonly (readonly [string, readonly unknown[], Readonly<Record<Dialect, unknown>>])[] = [
  [
    "a list",
    [[1, 2]],
    { "5.15": [[[1, 2]], false], "5.14": [[1, 2], false], "5.13": [[1, 2], false], "5.2": [[1, 2], false] },
  ],
  ["an empty list", [[]], { "5.15": [[[]], false], "5.14": [[], false], "5.13": [[], false], "5.2": [[], false] }],
  [
    "an object whose toJSON returns a list",
    [WITH_TO_JSON],
    { "5.15": [[[1]], false], "5.14": [[1], false], "5.13": [[1], false], "5.2": [[1], false] },
  ],
  [
    "several arguments",
    [1, "two"],
    { "5.15": [[1, "two"], false], "5.14": /has 2 arguments/, "5.13": /has 2 arguments/, "5.2": /has 2 arguments/ },
  ],
  [
    "bytes",
    [bytes],
    {
      "5.15": [[placeholder, "AP8="], true],
      "5.14": [[placeholder, "AP8="], true],
      "5.13": /holds bytes/,
      "5.2": /holds bytes/,
    },
  ],
  [
    "bytes in a list",
    [[bytes, 1]],
    {
      "5.15": [[[[placeholder, 1]], "AP8="], true],
      "5.14": [[[placeholder, 1], "AP8="], true],
      "5.13": /holds bytes/,
      "5.2": /holds bytes/,
    },
  ],
];

for (const [what, args, forms] of FORMS) {
  for (const dialect of DIALECTS) {
    const form = forms[dialect];
    test(`${what} in the dialect ${dialect}`, (t) => {
      if (!(form instanceof RegExp)) {
        const { data, binary } = written(dialect, { args });
        t.deepEqual([data, binary], form);
        return;
      }
      const error = t.throws(() => encodeJson({ ...EMIT, event: "news", args }, dialect), { instanceOf: BridgeError });
      t.is(error.code, "BRIDGE_INVALID_ARGUMENT");
      t.regex(error.message, form);
      t.true(error.message.includes(`the event "news"`) && error.message.includes(`dialect is "${dialect}"`));
      t.regex(error.message, /python-socketio before 5\.1[45]\.\d cannot read.*; (?:put|send)/);
    });
  }
}

test("several rooms are a list, except for releases whose listener it would end", (t) => {
  for (const dialect of ["5.15", "5.14", "5.13"] as const) {
    t.deepEqual(written(dialect, { rooms: ["a", 7] }).room, ["a", 7]);
  }
  const error = t.throws(() => encodeJson({ ...EMIT, rooms: ["a", "b"] }, "5.2"), { instanceOf: BridgeError });
  t.is(error.code, "BRIDGE_INVALID_ARGUMENT");
  t.regex(
    error.message,
    /is for 2 rooms, which python-socketio before 5\.3 cannot read .*; emit to one after the other/,
  );
});

test("Node hosts read each other's arguments exactly, whatever their dialects", (t) => {
  for (const args of [
    [],
    [null],
    [[1, 2]],
    [[]],
    [[null]],
    [WITH_TO_JSON],
    [[bytes]],
    [1, [2]],
    [{ a: bytes }],
    [[], []],
  ]) {
    for (const writer of DIALECTS) {
      for (const dialect of DIALECTS) {
        let text: string;
        try {
          text = encodeJson({ ...EMIT, args }, writer);
        } catch {
          continue;
        }
        const decoded = decode(Buffer.from(text), 10_000, { legacyPickle: "refuse", dialect });
        if (decoded.kind !== "message" || decoded.message.method !== "emit") {
          return t.fail(text);
        }
        const expected = args[0] === WITH_TO_JSON ? [[1]] : args[0] === null ? [] : args;
        t.deepEqual(decodePayload(decoded.message.payload), { args: expected }, `${writer} to ${dialect}: ${text}`);
      }
    }
  }
});

test("a list from a Python host is several arguments or one, as its dialect has it", (t) => {
  const args = (fields: object, dialect: Dialect) => {
    const message = { method: "emit", event: "e", namespace: "/", ...fields };
    const decoded = decode(Buffer.from(JSON.stringify(message)), 10_000, { legacyPickle: "refuse", dialect });
    return decoded.kind === "message" && decoded.message.method === "emit"
      ? decodePayload(decoded.message.payload)
      : t.fail();
  };
  for (const host_id of [undefined, "0123456789ab4def0123456789abcdef"]) {
    const sender = host_id === undefined ? {} : { host_id };
    t.deepEqual(args({ data: [1, 2], ...sender }, "5.15"), { args: [1, 2] });
    t.deepEqual(args({ data: [null], ...sender }, "5.15"), { args: [] });
    for (const dialect of ["5.14", "5.13", "5.2"] as const) {
      t.deepEqual(args({ data: [1, 2], ...sender }, dialect), { args: [[1, 2]] });
      t.deepEqual(args({ data: [null], ...sender }, dialect), { args: [[null]] });
      t.deepEqual(args({ data: [], ...sender }, dialect), { args: [[]] });
      t.deepEqual(args({ data: null, ...sender }, dialect), { args: [] });
      const binary = { data: [[placeholder, 1], "AP8="], binary: true, ...sender };
      t.deepEqual(args(binary, dialect), { args: [[bytes, 1]] });
    }
  }
});

test("commands and acknowledgements are the same in every dialect", (t) => {
  const sender = { namespace: "/", hostId: EMIT.hostId };
  for (const message of [
    { method: "callback", callback: { room: null, namespace: "/", id: 1 }, args: [[1], 2], hostId: "h" },
    { method: "disconnect", sid: "s", ...sender },
    { method: "enter_room", sid: "s", room: "r", ...sender },
    { method: "close_room", room: "r", ...sender },
    { method: "node_join", rooms: ["a", "b"], exceptRooms: [], names: ["c"], ...sender },
  ] as const) {
    t.is(new Set(DIALECTS.map((dialect) => encodeJson(message, dialect))).size, 1);
  }
});
