import { bufferOf } from "../json/to-json-value.js";
import { RejectionError } from "../model/fields.js";
import type { Rejection } from "../model/messages.js";
import { type MachineOptions, type PickledValue, PickleMachine } from "./machine.js";
import { describeRefused, FRAME, OPCODES, type Opcode, PROTO, STOP } from "./opcodes.js";

/**
 * Reads the data in a pickle, of protocols 0 to 5, and nothing else: none of its opcodes can name, build, call or import
 * anything, since this reader has none that do. Python's `pickle.loads` runs whatever is in there (CVE-2025-61765).
 */

/** Largest protocol that there is. */
const HIGHEST_PROTOCOL = 5;

const OPEN_DICT = 0x7d;
const MARK = 0x28;
const GLOBAL = 0x63;
const NEWLINE = 0x0a;

/**
 * From protocol 2 on a pickle starts with the protocol's number. Before, a dict starts with a letter that starts no JSON, a
 * call may too, and all end with a full stop.
 */
export function isPickle(payload: Uint8Array): boolean {
  const first = payload[0];
  if (first === PROTO) {
    return (payload[1] ?? 0xff) <= HIGHEST_PROTOCOL;
  }
  return (first === OPEN_DICT || first === MARK || first === GLOBAL) && payload.at(-1) === STOP;
}

/** A value, and what the checks after it ask. */
export interface Unpickled extends PickledValue {
  /** The machine has refused those that reach a prototype. */
  readonly mayBeUnsafe: false;
  /** The same, with integers beyond 2^53 as bigint. */
  exact(): unknown;
}

export function describePickle(payload: Uint8Array): string {
  return `a pickle of protocol ${payload[0] === PROTO ? payload[1] : "0 or 1"}`;
}

function malformed(detail: string): never {
  throw new RejectionError("bad_pickle", detail);
}

/** Goes from opcode to opcode, as far as they are those of inert data. */
class Cursor {
  readonly #frame: Buffer;
  /** Where the opcode is. */
  at = 0;
  /** Where its argument is. */
  start = 0;
  end = 0;
  /** Where the next opcode is. */
  next = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  /** @returns undefined at the end, which is the opcode STOP */
  step(): Opcode | undefined {
    this.at = this.next;
    const code = this.#frame[this.at] ?? malformed("ends before its end");
    const opcode = OPCODES[code];
    if (opcode === undefined) {
      throw new RejectionError("unsafe_pickle", describeRefused(this.#frame, this.at));
    }
    this.#delimit(opcode);
    return code === STOP ? undefined : opcode;
  }

  #delimit({ argument }: Opcode): void {
    const frame = this.#frame;
    this.start = this.at + 1;
    switch (argument.kind) {
      case "bytes":
        this.end = this.start + argument.size;
        this.next = this.end;
        break;
      case "line":
        this.end = frame.indexOf(NEWLINE, this.start);
        this.next = this.end === -1 ? Number.POSITIVE_INFINITY : this.end + 1;
        break;
      case "counted":
        this.start += argument.lengthBytes;
        this.end = this.start + (this.start > frame.length ? 0 : lengthBefore(frame, this.start, argument.lengthBytes));
        this.next = this.end;
        break;
      default:
        argument satisfies never;
    }
    if (this.next > frame.length) {
      malformed("ends before its end");
    }
  }
}

function lengthBefore(frame: Buffer, end: number, size: 1 | 4 | 8): number {
  return size === 8 ? Number(frame.readBigUInt64LE(end - size)) : frame.readUIntLE(end - size, size);
}

/**
 * The first pass, which makes nothing: every opcode is one of inert data, and whole, none crosses the end of a frame, and the
 * first STOP is the last byte. Python looks at the last two less closely, so they are told after what it would have run.
 */
function check(frame: Buffer, cursor: Cursor): void {
  let frameEnd = 0;
  let isOff = false;
  let protocol = 0;
  for (let isOver = false; !isOver; ) {
    isOver = cursor.step() === undefined;
    const code = frame[cursor.at];
    isOff ||= cursor.at < frameEnd && (cursor.next > frameEnd || code === FRAME);
    if (code === FRAME) {
      frameEnd = cursor.end + lengthBefore(frame, cursor.end, 8);
    } else if (code === PROTO) {
      protocol = Math.max(protocol, frame.readUInt8(cursor.start));
    }
  }
  if (protocol > HIGHEST_PROTOCOL) {
    malformed(`of protocol ${protocol}`);
  }
  if (isOff || frameEnd > frame.length) {
    malformed("with a frame that ends elsewhere");
  }
  if (cursor.next !== frame.length) {
    malformed("goes on after its end");
  }
}

/** The second pass. */
function build(frame: Buffer, cursor: Cursor, options: MachineOptions): PickledValue {
  const machine = new PickleMachine(options);
  for (let opcode = cursor.step(); opcode !== undefined; opcode = cursor.step()) {
    opcode.apply(machine, frame, cursor.start, cursor.end);
  }
  return machine.result();
}

/** @returns what `pass` returns, or why it refused */
function attempt<T>(frame: Buffer, pass: (cursor: Cursor) => T): T | { readonly rejected: Rejection } {
  const cursor = new Cursor(frame);
  try {
    return pass(cursor);
  } catch (error) {
    if (error instanceof RejectionError) {
      const { reason, detail } = error.rejection;
      return { rejected: { reason, detail: `${detail}, at byte ${cursor.at}` } };
    }
    throw error;
  }
}

/**
 * Tuples and lists become arrays, bytes and bytearrays stay bytes, keys become the texts that `json.dumps` of Python makes
 * of them: the value is what the JSON decoder makes of the same message. Time and memory are those of so many bytes.
 *
 * @param maxSize - bytes that its JSON may have, with whatever it repeats written as often as it is repeated
 * @returns the value, or why the payload is refused: `unsafe_pickle`, before anything was made of it, if there is an
 *   opcode in it that is not one of inert data; never throws
 */
export function unpickle(payload: Uint8Array, maxSize: number): Unpickled | { readonly rejected: Rejection } {
  // Bytes in it become views of the same kind.
  const frame = bufferOf(payload);
  const read = (isExact: boolean) => attempt(frame, (cursor) => build(frame, cursor, { maxSize, isExact }));
  const checked = attempt(frame, (cursor) => check(frame, cursor));
  if (checked !== undefined) {
    return checked;
  }
  const built = read(false);
  if ("rejected" in built) {
    return built;
  }
  const exact = () => {
    const again = read(true);
    return "rejected" in again ? {} : again.value;
  };
  return { ...built, mayBeUnsafe: false, exact };
}
