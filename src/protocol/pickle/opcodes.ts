import { quote } from "../../util/quote.js";
import type { PickleMachine } from "./machine.js";
import {
  readAscii,
  readEscapedText,
  readFloatLine,
  readIndexLine,
  readInteger,
  readIntegerLine,
  readLongLine,
  readQuoted,
  readText,
  toFloat,
} from "./scalars.js";

/** What follows an opcode: a fixed number of bytes, a line, or a length in `lengthBytes` bytes and that many bytes. */
type Argument =
  | { readonly kind: "bytes"; readonly size: number }
  | { readonly kind: "line" }
  | { readonly kind: "counted"; readonly lengthBytes: 1 | 4 | 8 };

/** Executes an opcode, whose argument is `frame[start, end)`. */
type Apply = (machine: PickleMachine, frame: Buffer, start: number, end: number) => void;

export interface Opcode {
  readonly argument: Argument;
  readonly apply: Apply;
}

export const PROTO = 0x80;
export const FRAME = 0x95;
export const STOP = 0x2e;

const line = { kind: "line" } as const;
const bytes = (size: number) => ({ kind: "bytes", size }) as const;
const counted = (lengthBytes: 1 | 4 | 8) => ({ kind: "counted", lengthBytes }) as const;
const none = bytes(0);

const ignore: Apply = () => {};

const text: Apply = (machine, frame, start, end) => machine.push(readText(frame, start, end));
const ascii: Apply = (machine, frame, start, end) => machine.push(readAscii(frame, start, end));
const integer: Apply = (machine, frame, start, end) => machine.push(readInteger(frame, start, end));
const raw: Apply = (machine, frame, start, end) => machine.push(frame.subarray(start, end));

/** The opcodes of plain data, with the codes and names of Python's `pickletools`. */
const DATA_OPCODES: readonly (readonly [code: number, name: string, argument: Argument, apply: Apply])[] = [
  [PROTO, "PROTO", bytes(1), ignore],
  [FRAME, "FRAME", bytes(8), ignore],
  [STOP, "STOP", none, ignore],

  [0x4e, "NONE", none, (machine) => machine.push(null)],
  [0x88, "NEWTRUE", none, (machine) => machine.push(true)],
  [0x89, "NEWFALSE", none, (machine) => machine.push(false)],
  [0x49, "INT", line, (machine, frame, start, end) => machine.push(readIntegerLine(frame, start, end))],
  [0x4c, "LONG", line, (machine, frame, start, end) => machine.push(readLongLine(frame, start, end))],
  [0x4a, "BININT", bytes(4), integer],
  [0x4b, "BININT1", bytes(1), (machine, frame, start) => machine.push(frame.readUInt8(start))],
  [0x4d, "BININT2", bytes(2), (machine, frame, start) => machine.push(frame.readUInt16LE(start))],
  [0x8a, "LONG1", counted(1), integer],
  [0x8b, "LONG4", counted(4), integer],
  [0x46, "FLOAT", line, (machine, frame, start, end) => machine.push(readFloatLine(frame, start, end))],
  [0x47, "BINFLOAT", bytes(8), (machine, frame, start) => machine.push(toFloat(frame.readDoubleBE(start)))],

  [0x56, "UNICODE", line, (machine, frame, start, end) => machine.push(readEscapedText(frame, start, end))],
  [0x58, "BINUNICODE", counted(4), text],
  [0x8c, "SHORT_BINUNICODE", counted(1), text],
  [0x8d, "BINUNICODE8", counted(8), text],
  [0x53, "STRING", line, (machine, frame, start, end) => machine.push(readQuoted(frame, start, end))],
  [0x54, "BINSTRING", counted(4), ascii],
  [0x55, "SHORT_BINSTRING", counted(1), ascii],
  [0x42, "BINBYTES", counted(4), raw],
  [0x43, "SHORT_BINBYTES", counted(1), raw],
  [0x8e, "BINBYTES8", counted(8), raw],
  [0x96, "BYTEARRAY8", counted(8), raw],

  [0x5d, "EMPTY_LIST", none, (machine) => machine.pushEmptyList()],
  [0x6c, "LIST", none, (machine) => machine.list()],
  [0x61, "APPEND", none, (machine) => machine.append()],
  [0x65, "APPENDS", none, (machine) => machine.appendItems()],
  [0x7d, "EMPTY_DICT", none, (machine) => machine.pushEmptyDict()],
  [0x64, "DICT", none, (machine) => machine.collectDict()],
  [0x73, "SETITEM", none, (machine) => machine.setItem()],
  [0x75, "SETITEMS", none, (machine) => machine.setItems()],
  [0x29, "EMPTY_TUPLE", none, (machine) => machine.collectTuple(0)],
  [0x85, "TUPLE1", none, (machine) => machine.collectTuple(1)],
  [0x86, "TUPLE2", none, (machine) => machine.collectTuple(2)],
  [0x87, "TUPLE3", none, (machine) => machine.collectTuple(3)],
  [0x74, "TUPLE", none, (machine) => machine.collectTuple()],

  [0x28, "MARK", none, (machine) => machine.mark()],
  [0x30, "POP", none, (machine) => machine.pop()],
  [0x31, "POP_MARK", none, (machine) => machine.popMark()],
  [0x32, "DUP", none, (machine) => machine.duplicate()],
  [0x70, "PUT", line, (machine, frame, start, end) => machine.memoize(readIndexLine(frame, start, end))],
  [0x71, "BINPUT", bytes(1), (machine, frame, start) => machine.memoize(frame.readUInt8(start))],
  [0x72, "LONG_BINPUT", bytes(4), (machine, frame, start) => machine.memoize(frame.readUInt32LE(start))],
  [0x94, "MEMOIZE", none, (machine) => machine.memoize()],
  [0x67, "GET", line, (machine, frame, start, end) => machine.pushMemoized(readIndexLine(frame, start, end))],
  [0x68, "BINGET", bytes(1), (machine, frame, start) => machine.pushMemoized(frame.readUInt8(start))],
  [0x6a, "LONG_BINGET", bytes(4), (machine, frame, start) => machine.pushMemoized(frame.readUInt32LE(start))],
];

/** By code. Undefined for opcodes that do more than describe data, and for codes that Python does not have. */
export const OPCODES: readonly (Opcode | undefined)[] = (() => {
  const all: (Opcode | undefined)[] = Array.from({ length: 0x100 }, () => undefined);
  for (const [code, , argument, apply] of DATA_OPCODES) {
    all[code] = { argument, apply };
  }
  return all;
})();

/** Opcodes that import, call or build something, or make what JSON does not have; their names are for reports only. */
const UNSAFE_OPCODES: ReadonlyMap<number, string> = new Map([
  [0x63, "GLOBAL"],
  [0x93, "STACK_GLOBAL"],
  [0x52, "REDUCE"],
  [0x62, "BUILD"],
  [0x69, "INST"],
  [0x6f, "OBJ"],
  [0x81, "NEWOBJ"],
  [0x92, "NEWOBJ_EX"],
  [0x50, "PERSID"],
  [0x51, "BINPERSID"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
  [0x8f, "EMPTY_SET"],
  [0x90, "ADDITEMS"],
  [0x91, "FROZENSET"],
]);

/** A module and a name follow, each on a line. */
const WITH_MODULE_AND_NAME: readonly (string | undefined)[] = ["GLOBAL", "INST"];

/** The name of an opcode that is not plain data, and what it would import, as one short line. */
export function describeUnsafeOpcode(frame: Buffer, position: number): string {
  const code = frame[position] as number;
  const name = UNSAFE_OPCODES.get(code);
  if (!WITH_MODULE_AND_NAME.includes(name)) {
    return name ?? `the unknown opcode 0x${code.toString(16).padStart(2, "0")}`;
  }
  const imported = frame
    .toString("latin1", position + 1, position + 101)
    .split("\n", 2)
    .join(".");
  return `${name} ${quote(imported)}`;
}
