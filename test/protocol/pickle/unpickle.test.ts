import test from "ava";
import { decode } from "../../../src/protocol/decode.js";
import { decodePayload } from "../../../src/protocol/decode-payload.js";
import type { EmitMessage, Message } from "../../../src/protocol/model/messages.js";
import type { RejectReason } from "../../../src/protocol/model/rejection.js";
import { frameOf, fromPythonJson, REAL_PICKLES, tryUnpickle } from "../../helpers/pickles.js";

const MAX_SIZE = 1_000_000;

const READING = { legacyPickle: "data-only", dialect: "5.15" } as const;

/** Opcodes as the letters of `pickletools`, the rest as bytes. */
const frame = (...parts: readonly (string | Uint8Array | number)[]) =>
  Buffer.concat(
    parts.map((part) => {
      if (typeof part === "number") {
        return Buffer.from([part]);
      }
      return typeof part === "string" ? Buffer.from(part, "latin1") : Buffer.from(part);
    }),
  );

const outcome = (pickle: Uint8Array, maxSize = MAX_SIZE) => {
  const read = tryUnpickle(pickle, maxSize);
  return "rejection" in read ? read.rejection.reason : read.value;
};

function message(pickle: Uint8Array): Message {
  const decoded = decode(pickle, MAX_SIZE, READING);
  if (decoded.kind !== "message") {
    throw new Error(`not a message: ${JSON.stringify(decoded)}`);
  }
  return decoded.message;
}

function args(emit: EmitMessage): readonly unknown[] {
  const decoded = decodePayload(emit.payload);
  if ("rejection" in decoded) {
    throw new Error(decoded.rejection.detail);
  }
  return decoded.args;
}

const WRITERS = [...new Set(REAL_PICKLES.map(({ python, protocol }) => `Python ${python} in protocol ${protocol}`))];

const writtenBy = (writer: string) =>
  REAL_PICKLES.filter(({ python, protocol }) => writer === `Python ${python} in protocol ${protocol}`);

for (const writer of WRITERS) {
  test(`what ${writer} pickles is read as the value of its JSON`, (t) => {
    for (const real of writtenBy(writer)) {
      if (real.json !== undefined) {
        t.deepEqual(outcome(frameOf(real)), fromPythonJson(real.json), `${real.pickler}: ${real.name}`);
      }
    }
  });

  test(`what ${writer} pickles with more than data in it is rejected as unsafe`, (t) => {
    for (const real of writtenBy(writer)) {
      if (real.refused !== undefined) {
        const read = tryUnpickle(frameOf(real), MAX_SIZE);
        if (!("rejection" in read)) {
          return t.fail(real.name);
        }
        t.is(read.rejection.reason, "unsafe_pickle", real.name);
        t.true(read.rejection.detail.startsWith(real.refused), `${real.name}: ${read.rejection.detail}`);
      }
    }
  });
}

test("a message is read alike as a pickle and as JSON", (t) => {
  for (const real of REAL_PICKLES) {
    const isText = real.json !== undefined && !real.json.includes("$bytes");
    if (real.json === undefined || !isText) {
      continue;
    }
    const json = decode(Buffer.from(real.json), MAX_SIZE);
    const pickled = decode(frameOf(real), MAX_SIZE, READING);
    if (json.kind !== "message" || pickled.kind !== "message") {
      return t.fail(real.name);
    }
    const [fromJson, fromPickle] = [json.message, pickled.message].map((read) =>
      read.method === "emit" ? { ...read, payload: { ...read.payload, form: null } } : read,
    );
    t.deepEqual(fromPickle, fromJson, real.name);
  }
});

test("an emit has the arguments that a client of a Python host before 5.14 gets", (t) => {
  const expected: Readonly<Record<string, readonly unknown[]>> = {
    "no data": [],
    "several arguments": [1, "twö", null, [3], { four: 4.5 }],
    "an empty tuple": [],
    "a tuple of None": [null],
    "a list": [[1, [2, [3, 4]]]],
    "a list of None": [[null]],
    "a question": ["q"],
    bytes: [
      Buffer.from([0x80, 4, 0x2e]),
      { "at depth": [Buffer.alloc(0), Buffer.from([0, 255]), Buffer.alloc(256, "x")] },
    ],
    "a bytearray": [Buffer.from([0, 255])],
  };
  const seen = new Set<string>();
  for (const real of REAL_PICKLES) {
    const wanted = real.json === undefined ? undefined : expected[real.name];
    if (wanted !== undefined) {
      seen.add(real.name);
      t.deepEqual(
        args(message(frameOf(real)) as EmitMessage),
        wanted,
        `${real.python}, ${real.protocol}: ${real.name}`,
      );
    }
  }
  t.deepEqual([...seen].sort(), Object.keys(expected).sort());
});

test("rooms, skipped sids and callbacks are read, from tuples too", (t) => {
  const find = (name: string) => message(frameOf(REAL_PICKLES.findLast((real) => real.name === name) ?? t.fail()));
  t.like(find("a question"), {
    rooms: ["r"],
    skipSids: ["s", "t"],
    callback: { room: "r", namespace: "/", id: 7 },
    hostId: "0123456789abcdef0123456789abcdef",
  });
  t.like(find("a list"), { rooms: ["a", 42, 9007199254740993n] });
  t.like(find("rooms in a tuple"), { rooms: ["a", "b"] });
  t.like(find("an answer"), { args: ["one", { two: 2 }], callback: { room: "r", namespace: "/chat", id: 7 } });
  t.like(find("disconnect"), { method: "disconnect", sid: "s", hostId: undefined });
  t.like(find("close_room"), { method: "close_room", room: 42, hostId: undefined });
});

test("a room of more than 100 digits is rejected, as in JSON", (t) => {
  const reason = (room: string) => {
    const decoded = decode(frame(`}(Vmethod\nVclose_room\nVroom\nL${room}L\nu.`), MAX_SIZE, READING);
    return decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind;
  };
  for (const room of ["9".repeat(100), `-${"9".repeat(99)}`]) {
    t.is(reason(room), "message", room);
  }
  for (const room of ["9".repeat(101), "9".repeat(400), `-1${"0".repeat(99)}`]) {
    t.is(reason(room), "wrong_type", room);
  }
});

test("a key binary is ignored in a pickle, whose writers do not know it", (t) => {
  const emit = message(frame("}(U\x06methodU\x04emitU\x05eventU\x01eU\x04data(U\x01aU\x01btU\x06binaryI01\nu."));
  t.deepEqual(args(emit as EmitMessage), ["a", "b"]);
});

test("pickles are rejected unopened by default", (t) => {
  for (const real of REAL_PICKLES) {
    const decoded = decode(frameOf(real), MAX_SIZE);
    t.is(decoded.kind === "rejected" && decoded.rejection.reason, "pickle", `${real.protocol}: ${real.name}`);
  }
});

const PROTO_4 = frame(0x80, 4);
const COMMAND = "cos\nsystem\n(S'true'\ntR";

/** Most of these have been seen in the wild. */
const EXPLOITS: readonly (readonly [string, string, Buffer])[] = [
  ["GLOBAL and REDUCE", "GLOBAL", frame(`${COMMAND}.`)],
  ["GLOBAL, after a full stop in the name", "GLOBAL", frame("cos\nsystem.__call__\n.")],
  ["builtins", "GLOBAL", frame(PROTO_4, "cbuiltins\nexec\n(Vimport os\ntR.")],
  ["STACK_GLOBAL", "STACK_GLOBAL", frame(PROTO_4, 0x8c, 2, "os", 0x8c, 6, "system", 0x93, 0x8c, 4, "true", 0x85, "R.")],
  [
    "STACK_GLOBAL of what is remembered",
    "STACK_GLOBAL",
    frame(PROTO_4, "Vos\n", 0x94, "0Vsystem\n", 0x94, "0h\0h\x01", 0x93, "."),
  ],
  ["INST", "INST", frame("(S'true'\nios\nsystem\n.")],
  ["OBJ", "OBJ", frame("(Nd0(No.")],
  ["REDUCE of what is there", "REDUCE", frame("NNR.")],
  ["NEWOBJ", "NEWOBJ", frame(PROTO_4, "N)", 0x81, ".")],
  ["NEWOBJ_EX", "NEWOBJ_EX", frame(PROTO_4, "N)}", 0x92, ".")],
  ["BUILD", "BUILD", frame("}}b.")],
  ["PERSID", "PERSID", frame("Pname\n.")],
  ["BINPERSID", "BINPERSID", frame("NQ.")],
  ["EXT1", "EXT1", frame(PROTO_4, 0x82, 1, ".")],
  ["EXT2", "EXT2", frame(PROTO_4, 0x83, 1, 0, ".")],
  ["EXT4", "EXT4", frame(PROTO_4, 0x84, 1, 0, 0, 0, ".")],
  ["NEXT_BUFFER", "NEXT_BUFFER", frame(0x80, 5, 0x97, ".")],
  ["READONLY_BUFFER", "READONLY_BUFFER", frame(0x80, 5, "N", 0x98, ".")],
  ["a set", "EMPTY_SET", frame(PROTO_4, 0x8f, "(K\x01", 0x90, ".")],
  ["items for a set", "ADDITEMS", frame(PROTO_4, "](K\x01", 0x90, ".")],
  ["a frozenset", "FROZENSET", frame(PROTO_4, "(K\x01", 0x91, ".")],
  ["an unknown opcode", "the unknown opcode 0xff", frame(PROTO_4, 0xff, ".")],
  ["an opcode of no protocol yet", "the unknown opcode 0x99", frame(PROTO_4, 0x99, ".")],
  ["a NUL", "the unknown opcode 0x00", frame(PROTO_4, 0, ".")],
  ["after valid data", "GLOBAL", frame(PROTO_4, "}(V", "data\n", "K\x01", "V", "x\n", COMMAND, "u.")],
  ["behind a FRAME", "GLOBAL", frame(PROTO_4, 0x95, 4, 0, 0, 0, 0, 0, 0, 0, "NNN0", COMMAND, ".")],
  ["in a FRAME", "GLOBAL", frame(PROTO_4, 0x95, COMMAND.length + 1, 0, 0, 0, 0, 0, 0, 0, COMMAND, ".")],
  ["after a FRAME that ends elsewhere", "GLOBAL", frame(PROTO_4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, COMMAND, ".")],
  ["after a protocol of the future", "GLOBAL", frame(0x80, 6, COMMAND, ".")],
  ["after what cannot be built", "GLOBAL", frame(PROTO_4, "a", COMMAND, ".")],
  ["after a mark that is not there", "GLOBAL", frame(PROTO_4, "t", COMMAND, ".")],
  ["after a key __proto__", "GLOBAL", frame(PROTO_4, "}V__proto__\n}s0", COMMAND, ".")],
  ["that is thrown away", "GLOBAL", frame(PROTO_4, COMMAND, "0N.")],
  ["before its end", "GLOBAL", frame(PROTO_4, COMMAND)],
];

for (const [what, opcode, pickle] of EXPLOITS) {
  test(`an attack is rejected with the name of its opcode: ${what}`, (t) => {
    const read = tryUnpickle(pickle, MAX_SIZE);
    if (!("rejection" in read)) {
      return t.fail();
    }
    t.is(read.rejection.reason, "unsafe_pickle");
    t.true(read.rejection.detail.startsWith(opcode), read.rejection.detail);
    t.regex(read.rejection.detail, /, at byte \d+$/);
  });
}

test("an attack is reported with what it would import, on one line", (t) => {
  const detail = (pickle: Buffer) => {
    const read = tryUnpickle(pickle, MAX_SIZE);
    return "rejection" in read ? read.rejection.detail : t.fail();
  };
  t.is(detail(frame(`${COMMAND}.`)), 'GLOBAL "os.system", at byte 0');
  t.is(detail(frame("(ios\nsystem\n.")), 'INST "os.system", at byte 1');
  t.is(detail(frame('c\r\u0007"\nforged\n.')), 'GLOBAL "\\r\\u0007\\".forged", at byte 0');
  t.true(detail(frame(`c${"x".repeat(100_000)}`)).length < 120);
});

const long = (size: number, fill: number) => frame(0x8b, size & 0xff, size >> 8, 0, 0, Buffer.alloc(size, fill));
const text = (size: number) => frame("X", size & 0xff, size >> 8, 0, 0, "x".repeat(size));

/** Each level contains the one below it nine times. */
const bomb = (levels: number) => [
  ")",
  0x94,
  ...Array.from({ length: levels }, (_, index) =>
    frame("0(", ...Array.from({ length: 9 }, () => frame("h", index)), "t", 0x94),
  ),
];

const BAD: readonly (readonly [RejectReason, string, Buffer])[] = [
  ["bad_pickle", "nothing", frame()],
  ["bad_pickle", "no end", frame(PROTO_4, "N")],
  ["bad_pickle", "data after the end", frame(PROTO_4, "N.N.")],
  ["bad_pickle", "an attack after the end, which Python does not reach", frame("N.", COMMAND)],
  ["bad_pickle", "protocol 6", frame(0x80, 6, "N.")],
  ["bad_pickle", "a frame that is longer than what is there", frame(PROTO_4, 0x95, 9, 0, 0, 0, 0, 0, 0, 0, "N.")],
  ["bad_pickle", "a frame that ends within an opcode", frame(PROTO_4, 0x95, 3, 0, 0, 0, 0, 0, 0, 0, 0x8c, 2, "xy.")],
  [
    "bad_pickle",
    "a frame in a frame",
    frame(PROTO_4, 0x95, 11, 0, 0, 0, 0, 0, 0, 0, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, "N."),
  ],
  ["bad_pickle", "a frame of 2^63 bytes", frame(PROTO_4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0x80, "N.")],
  ["bad_pickle", "a text of 4 GB", frame(PROTO_4, "X", 255, 255, 255, 255, "x.")],
  ["bad_pickle", "a text of 2^64 bytes", frame(PROTO_4, 0x8d, Buffer.alloc(8, 255), "x.")],
  ["bad_pickle", "a truncated length", frame(PROTO_4, "X\x01")],
  ["bad_pickle", "a line without an end", frame("Vtext.")],
  ["bad_pickle", "two values", frame("NN.")],
  ["bad_pickle", "no value", frame(".")],
  ["bad_pickle", "a mark at the end", frame("N(.")],
  ["bad_pickle", "POP of nothing", frame("0N.")],
  ["bad_pickle", "DUP of a mark", frame("(2t.")],
  ["bad_pickle", "TUPLE2 of what is below a mark", frame("NN(", 0x86, ".")],
  ["bad_pickle", "APPEND to a dict", frame("}Na.")],
  ["bad_pickle", "APPEND to a tuple", frame(")Na.")],
  ["bad_pickle", "APPEND to a text", frame("Vx\nNa.")],
  ["bad_pickle", "APPENDS to a bytearray", frame(0x80, 5, 0x96, 1, 0, 0, 0, 0, 0, 0, 0, "x(K\x01e.")],
  ["bad_pickle", "SETITEM of a list", frame("]K\0Ns.")],
  ["bad_pickle", "a key without a value", frame("}(Nu.")],
  ["bad_pickle", "bytes for a key", frame("}C\x01xNs.")],
  ["bad_pickle", "a tuple for a key", frame("})Ns.")],
  ["bad_pickle", "a list for a key", frame("}]Ns.")],
  ["bad_pickle", "a key of more than 100 digits", frame(`}L1${"0".repeat(100)}L\nNs.`)],
  ["bad_pickle", "a memo index that is empty", frame("h\0.")],
  ["bad_pickle", "a memo with a gap", frame("Nq\x05.")],
  ["bad_pickle", "a memo that begins at 2^32", frame("Nr", Buffer.alloc(4, 255), ".")],
  ["bad_pickle", "a memo that begins at 10^9", frame("Np1000000000\n.")],
  ["bad_pickle", "a memo index that is set twice", frame("Nq\x000Nq\0.")],
  ["bad_pickle", "a negative memo index", frame("Np-1\n.")],
  ["bad_pickle", "a list in itself", frame("]", 0x94, "h\0a.")],
  ["bad_pickle", "a list in itself, by DUP", frame("]2a.")],
  ["bad_pickle", "a list in itself, one level down", frame("]", 0x94, "]h\0aa.")],
  ["bad_pickle", "a dict in itself", frame("}", 0x94, "Vk\nh\0s.")],
  ["bad_pickle", "a tuple in itself, by its list", frame("(]", 0x94, "h\0", 0x85, "at.")],
  ["bad_pickle", "a list that is extended after it was used", frame("(]", 0x94, "h\0h\0Na0t.")],
  ["bad_pickle", "an integer that is a word", frame("Ione\n.")],
  ["bad_pickle", "an integer in hexadecimal", frame("I0x10\n.")],
  ["bad_pickle", "an integer in octal", frame("I010\n.")],
  ["bad_pickle", "an integer with a gap", frame("L1_000L\n.")],
  ["bad_pickle", "an empty integer", frame("I\n.")],
  ["bad_pickle", "an integer of 4,301 digits", frame(`L${"9".repeat(4_301)}L\n.`)],
  ["bad_pickle", "an integer of 10,000 bytes", frame(long(10_000, 1), ".")],
  ["bad_pickle", "a float that is incomplete", frame("F1e\n.")],
  ["bad_pickle", "an empty float", frame("F\n.")],
  ["bad_pickle", "a float out of range", frame("F1.8e308\n.")],
  ["bad_pickle", "a float in hexadecimal", frame("F0x10\n.")],
  ["bad_pickle", "a text that is not UTF-8", frame("X\x01\0\0\0\xff.")],
  ["bad_pickle", "a text with a truncated character", frame("X\x02\0\0\0\xe2\x82.")],
  ["bad_pickle", "a text with an overlong character", frame("X\x02\0\0\0\xc0\x80.")],
  ["bad_pickle", "a truncated lone surrogate", frame("X\x02\0\0\0\xed\xa0.")],
  ["bad_pickle", "an escape beyond Unicode", frame("V\\U00110000\n.")],
  ["bad_pickle", "a truncated escape", frame("V\\u12\n.")],
  ["bad_pickle", "a str of Python 2 that is not ASCII", frame("U\x01\xe9.")],
  ["bad_pickle", "an escaped str of Python 2 that is not ASCII", frame("S'\\xe9'\n.")],
  ["bad_pickle", "a str of Python 2 without quotes", frame("Sx\n.")],
  ["bad_pickle", "a str of Python 2 with one quote", frame("S'\n.")],
  ["bad_pickle", "a str of Python 2 with an open escape", frame("S'\\'\n.")],
  ["bad_pickle", "a str of Python 2 with an octal escape", frame("S'\\101'\n.")],
  ["unsafe_name", "a key __proto__", frame("}V__proto__\n}s.")],
  ["unsafe_name", "an escaped key __proto__", frame("}V\\u005f_proto__\n}s.")],
  ["unsafe_name", "a key constructor that has a prototype", frame("}Vconstructor\n}Vprototype\n}ss.")],
  ["too_deep", "1,001 lists", frame("]".repeat(1_001), "a".repeat(1_000), ".")],
  ["too_deep", "100,000 tuples", frame(")", "\x85".repeat(100_000), ".")],
  ["too_deep", "1,001 levels by the memo", frame(")", ...Array.from({ length: 1_001 }, () => "\x85"), ".")],
  ["too_deep", "100,000 marks", frame("(".repeat(100_000), "N", "t".repeat(100_000), ".")],
  ["too_large", "a million lists", frame("(", "]".repeat(1_000_000), "t.")],
  ["too_large", "two million numbers that are popped", frame("N0".repeat(2_000_000), "N.")],
  ["too_large", "a memo of a million entries", frame("N", "\x94".repeat(1_000_000), ".")],
  ["too_large", "2^40 lists by DUP", frame(")", ...Array.from({ length: 40 }, () => "2\x86"), ".")],
  ["too_large", "9^40 lists by the memo", frame(...bomb(40), ".")],
  [
    "too_large",
    "an integer of 1,000 bytes a thousand times",
    frame("(", long(1_000, 1), 0x94, "h\0".repeat(999), "t."),
  ],
  ["too_large", "a text a thousand times", frame("(", text(1_001), 0x94, "h\0".repeat(999), "t.")],
  ["too_large", "a text a thousand times for a key", frame("(", text(1_001), 0x94, "0", "}h\0Ns".repeat(1_000), "t.")],
];

for (const [reason, what, pickle] of BAD) {
  test(`a pickle of ${what} is rejected: ${reason}`, (t) => {
    t.is(outcome(pickle), reason);
  });
}

test("pickles exactly at the limits are read", (t) => {
  t.deepEqual(
    outcome(frame("]".repeat(1_000), "a".repeat(999), ".")),
    JSON.parse(`${"[".repeat(1_000)}${"]".repeat(1_000)}`),
  );
  t.is((outcome(frame("(", text(1_001), 0x94, "h\0".repeat(994), "t.")) as unknown[]).length, 995);
  t.is(outcome(frame(`L${"9".repeat(4_300)}L\n.`)), Number.POSITIVE_INFINITY);
  t.deepEqual(Object.keys(outcome(frame(`}L${"9".repeat(100)}L\nNs.`)) as object), ["9".repeat(100)]);
});

test("POP, DUP and memo indices are read as Python reads them", (t) => {
  t.deepEqual(outcome(frame("(0N0K\x01.")), 1);
  t.deepEqual(outcome(frame("(NNN1K\x01.")), 1);
  t.deepEqual(outcome(frame("]Na2", 0x86, ".")), [[null], [null]]);
  // As Python 2 in C, which numbers from 1.
  t.deepEqual(outcome(frame("(]p1\nS'a'\np2\nag1\ng2\nt.")), [["a"], ["a"], "a"]);
});

test("a shared container is the same value wherever it occurs", (t) => {
  const shared = outcome(frame("(}Vk\nK\x01s", 0x94, "h\0t.")) as unknown[];
  t.deepEqual(shared, [{ k: 1 }, { k: 1 }]);
});

test("nothing pollutes a prototype", (t) => {
  outcome(frame("}V__proto__\n}Vpolluted\nK\x01ss."));
  outcome(frame("}Vconstructor\n}Vprototype\n}Vpolluted\nK\x01sss."));
  t.false("polluted" in {});
});

test("a pickle that is not a dict is not a message", (t) => {
  for (const pickle of ["N.", "].", ").", "K\x01.", "Vtext\n.", "C\x04emit."]) {
    const decoded = decode(frame(PROTO_4, pickle), MAX_SIZE, READING);
    t.is(decoded.kind === "rejected" && decoded.rejection.reason, "not_object", pickle);
  }
});

test("a message that only starts like an old pickle is read as JSON", (t) => {
  for (const words of ["connected", "(see below)", "}", "c"]) {
    const decoded = decode(Buffer.from(words), MAX_SIZE, READING);
    t.is(decoded.kind === "rejected" && decoded.rejection.reason, "not_json", words);
  }
});
