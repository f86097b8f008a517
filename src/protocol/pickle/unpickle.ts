import { asBuffer } from "../../util/bytes.js";
import { MAX_WEIGHT_PER_BYTE, maxWeight } from "../../util/weight.js";
import type { DecodedValue } from "../model/decoded.js";
import { RejectionError } from "../model/rejection.js";
import { type MachineOptions, type PickledValue, PickleMachine } from "./machine.js";
import { OpcodeReader, readLength } from "./opcode-reader.js";
import { FRAME, PROTO, STOP } from "./opcodes.js";

/**
 * Reads the data in a pickle of protocols 0 to 5, and nothing else: this reader has no opcode that imports, calls or
 * builds anything. Python's `pickle.loads` runs whatever a pickle says (CVE-2025-61765).
 */

const HIGHEST_PROTOCOL = 5;

const EMPTY_DICT = 0x7d;
const MARK = 0x28;
const GLOBAL = 0x63;

/**
 * From protocol 2 on a pickle starts with its protocol. An older one starts with the opcode of a dict or a call, which
 * starts no JSON, and ends with a full stop.
 */
export function isPickle(payload: Uint8Array): boolean {
  const first = payload[0];
  if (first === PROTO) {
    return (payload[1] ?? 0xff) <= HIGHEST_PROTOCOL;
  }
  return (first === EMPTY_DICT || first === MARK || first === GLOBAL) && payload.at(-1) === STOP;
}

export function describePickle(payload: Uint8Array): string {
  return `a pickle of protocol ${payload[0] === PROTO ? payload[1] : "0 or 1"}`;
}

function malformed(detail: string): never {
  throw new RejectionError("bad_pickle", detail);
}

/**
 * The first pass, which builds nothing. Every opcode is plain data and complete, none crosses the end of a frame, and the
 * first STOP is the last byte. Python checks frames and the end less strictly, so these come after what it would have run.
 */
function validate(frame: Buffer, reader: OpcodeReader): void {
  let frameEnd = 0;
  let crossesFrame = false;
  let protocol = 0;
  for (let isLast = false; !isLast; ) {
    isLast = reader.step() === undefined;
    const code = frame[reader.position];
    crossesFrame ||= reader.position < frameEnd && (reader.next > frameEnd || code === FRAME);
    if (code === FRAME) {
      frameEnd = reader.argumentEnd + readLength(frame, reader.argumentStart, 8);
    } else if (code === PROTO) {
      protocol = Math.max(protocol, frame.readUInt8(reader.argumentStart));
    }
  }
  if (protocol > HIGHEST_PROTOCOL) {
    malformed(`of protocol ${protocol}`);
  }
  if (crossesFrame || frameEnd > frame.length) {
    malformed("an opcode crosses the end of its frame");
  }
  if (reader.next !== frame.length) {
    malformed("goes on after its end");
  }
}

/** The second pass. */
function build(frame: Buffer, reader: OpcodeReader, options: MachineOptions): PickledValue {
  const machine = new PickleMachine(options);
  for (let opcode = reader.step(); opcode !== undefined; opcode = reader.step()) {
    opcode.apply(machine, frame, reader.argumentStart, reader.argumentEnd);
  }
  return machine.result();
}

/** Runs one pass, and adds the position to the rejection that it throws. */
function runPass<Result>(frame: Buffer, pass: (reader: OpcodeReader) => Result): Result {
  const reader = new OpcodeReader(frame);
  try {
    return pass(reader);
  } catch (error) {
    if (error instanceof RejectionError) {
      const { reason, detail } = error.rejection;
      throw new RejectionError(reason, `${detail}, at byte ${reader.position}`);
    }
    throw error;
  }
}

/**
 * The value that the JSON decoder has for the same message: tuples and lists become arrays, bytes and bytearrays stay
 * bytes, keys become the texts that `json.dumps` of Python writes. Time and memory are bounded by `maxSize`.
 *
 * @param maxSize - bytes that the value may have as JSON, in which a shared value is written as often as it occurs
 * @throws RejectionError `unsafe_pickle`, before anything is built, for an opcode that is not plain data; `bad_pickle`,
 *   `too_deep`, `too_large` or `unsafe_name`
 */
export function unpickle(payload: Uint8Array, maxSize: number): DecodedValue & PickledValue {
  // A Buffer, so that bytes in it become Buffers.
  const frame = asBuffer(payload);
  const limits = { maxSize, maxWeight: Math.min(maxWeight(frame.length), MAX_WEIGHT_PER_BYTE * maxSize) };
  const read = (keepBigints: boolean) => runPass(frame, (reader) => build(frame, reader, { ...limits, keepBigints }));
  runPass(frame, (reader) => validate(frame, reader));
  // The machine has rejected unsafe keys.
  return {
    ...read(false),
    unsafeKey: undefined,
    decodeExactly: (key) => (read(true).value as Record<string, unknown>)[key],
  };
}
