import { RejectionError } from "../model/rejection.js";
import { describeUnsafeOpcode, OPCODES, type Opcode, STOP } from "./opcodes.js";

const NEWLINE = 0x0a;

export function readLength(frame: Buffer, start: number, lengthBytes: 1 | 4 | 8): number {
  return lengthBytes === 8 ? Number(frame.readBigUInt64LE(start)) : frame.readUIntLE(start, lengthBytes);
}

/** Steps from opcode to opcode, as long as they are opcodes of plain data. Executes none of them. */
export class OpcodeReader {
  readonly #frame: Buffer;
  /** Position of the current opcode. */
  position = 0;
  /** Its argument is `frame[argumentStart, argumentEnd)`. */
  argumentStart = 0;
  argumentEnd = 0;
  /** Position of the next opcode. */
  next = 0;

  constructor(frame: Buffer) {
    this.#frame = frame;
  }

  /**
   * @returns the next opcode; undefined for STOP, the last one
   * @throws RejectionError `unsafe_pickle` for an opcode that is not plain data, `bad_pickle` at the end of the frame
   */
  step(): Opcode | undefined {
    this.position = this.next;
    const code = this.#frame[this.position] ?? this.#truncated();
    const opcode = OPCODES[code];
    if (opcode === undefined) {
      throw new RejectionError("unsafe_pickle", describeUnsafeOpcode(this.#frame, this.position));
    }
    this.#delimitArgument(opcode);
    return code === STOP ? undefined : opcode;
  }

  #delimitArgument({ argument }: Opcode): void {
    const frame = this.#frame;
    this.argumentStart = this.position + 1;
    switch (argument.kind) {
      case "bytes":
        this.argumentEnd = this.argumentStart + argument.size;
        this.next = this.argumentEnd;
        break;
      case "line":
        this.argumentEnd = frame.indexOf(NEWLINE, this.argumentStart);
        this.next = this.argumentEnd === -1 ? Number.POSITIVE_INFINITY : this.argumentEnd + 1;
        break;
      case "counted": {
        const { lengthBytes } = argument;
        const lengthStart = this.argumentStart;
        this.argumentStart += lengthBytes;
        const length = this.argumentStart > frame.length ? 0 : readLength(frame, lengthStart, lengthBytes);
        this.argumentEnd = this.argumentStart + length;
        this.next = this.argumentEnd;
        break;
      }
      default:
        argument satisfies never;
    }
    if (this.next > frame.length) {
      this.#truncated();
    }
  }

  #truncated(): never {
    throw new RejectionError("bad_pickle", "truncated");
  }
}
