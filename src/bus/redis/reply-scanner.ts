const LF = 0x0a;
/** Redis' PROTO_INLINE_MAX_SIZE: its protocol has no longer lines. */
const MAX_LINE = 64 * 1024;
/** Aggregates within each other. CLUSTER SLOTS, the deepest reply that is asked for, has 4. */
const MAX_DEPTH = 32;

/** CR LF. */
export const LINE_END = 2;

/** How many values follow a line of an aggregate, by its type: RESP2 and RESP3. */
const VALUES_PER_ITEM: Readonly<Record<string, number>> = { "*": 1, "~": 1, ">": 1, "%": 2, "|": 2 };
/** Types whose line holds the number of bytes that follow. */
const BLOBS = "$!=";
/** Types whose line is not all there is of the value. */
const COUNTED = Buffer.from(BLOBS + Object.keys(VALUES_PER_ITEM).join(""));

export type NeedMoreBytes = "need more bytes";

/** Finds where the replies of a server end, of any type in RESP2 and RESP3. */
export class ReplyScanner {
  /** Bytes of a blob that are missing. */
  #blob = 0;
  /** Of each aggregate that is open: how many values are missing. */
  readonly #open: number[] = [];
  #isLost = false;

  /** Whether what follows is the beginning of a reply. */
  get isAtReply(): boolean {
    return this.#blob === 0 && this.#open.length === 0;
  }

  /** Whether something arrived that is not RESP: where replies begin and end is unknown from then on. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Skips a line, or what there is of a blob. @returns the position after it */
  skip(data: Buffer, position: number): number | NeedMoreBytes {
    if (this.#blob > 0) {
      const skipped = Math.min(this.#blob, data.length - position);
      this.#blob -= skipped;
      return position + skipped;
    }
    const end = data.indexOf(LF, position);
    if (end === -1) {
      this.#isLost = data.length - position > MAX_LINE;
      return this.#isLost ? position : "need more bytes";
    }
    if (COUNTED.includes(data[position] as number)) {
      this.#readCount(data.toString("latin1", position, end - 1));
    } else {
      this.#valueEnded();
    }
    return end + 1;
  }

  #readCount(line: string): void {
    const type = line.charAt(0);
    const isBlob = BLOBS.includes(type);
    const perItem = VALUES_PER_ITEM[type];
    const count = Number(line.slice(1));
    // Of an attribute, with the value that it precedes.
    const values = Math.max(0, count) * (perItem ?? 0) + (type === "|" ? 1 : 0);
    if (!Number.isSafeInteger(count)) {
      this.#isLost = true;
    } else if (values > 0) {
      this.#isLost = this.#open.push(values) > MAX_DEPTH;
    } else {
      this.#blob = isBlob && count >= 0 ? count + LINE_END : 0;
      this.#valueEnded();
    }
  }

  /** With the last of its values, an aggregate ends, too. */
  #valueEnded(): void {
    for (let last = this.#open.pop(); last !== undefined; last = this.#open.pop()) {
      if (last > 1) {
        this.#open.push(last - 1);
        return;
      }
    }
  }
}
