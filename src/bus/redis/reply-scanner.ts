export const CR = 0x0d;
export const LF = 0x0a;
const COLON = 0x3a;
/** Redis' PROTO_INLINE_MAX_SIZE: its protocol has no longer lines. */
const MAX_LINE = 64 * 1024;
/** Aggregates within each other. CLUSTER SLOTS, the deepest reply that is asked for, has 4. */
const MAX_DEPTH = 32;

/** CR LF. */
export const LINE_END = 2;

const INTEGER = /^[+-]?\d{1,20}$/;
const LENGTH = /^\d{1,16}$/;
const LENGTH_OR_NULL = /^(?:-1|\d{1,16})$/;
const ANY = /^/;

/**
 * What may follow the first byte of a line, by that byte: RESP2 and RESP3. The parser of ioredis skips what it expects there
 * without a look at it, and would take the rest of a line for another reply.
 */
const LINES: Readonly<Record<string, RegExp>> = {
  "+": ANY,
  "-": ANY,
  ":": INTEGER,
  // Digit by digit ioredis multiplies what it has by ten.
  "(": /^[+-]?\d{1,100}$/,
  ",": /^(?:nan|-?inf|[+-]?\d{1,400}(?:\.\d{0,400})?(?:[eE][+-]?\d{1,5})?)$/,
  "#": /^[tf]$/,
  _: /^$/,
  $: LENGTH_OR_NULL,
  "!": LENGTH,
  "=": LENGTH,
  "*": LENGTH_OR_NULL,
  "~": LENGTH,
  ">": LENGTH,
  "%": LENGTH,
  "|": LENGTH,
};

/**
 * EXEC and scripts answer with errors within lists, and nobody asks for that. ioredis takes a stack trace for each: seconds for
 * a mebibyte of them.
 */
const ERRORS = "-!";

/** How many values follow a line of an aggregate for each that it counts, by its type. */
const VALUES_PER_ITEM: Readonly<Record<string, number>> = { "*": 1, "~": 1, ">": 1, "%": 2, "|": 2 };
/** The fewest bytes of a type whose line holds their number: a verbatim string begins with its format. */
const LEAST_BYTES: Readonly<Record<string, number>> = { $: 0, "!": 0, "=": 4 };

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

  /** How many bytes of a blob have not arrived. */
  get missing(): number {
    return this.#blob;
  }

  /** Whether something arrived that is not RESP: where replies begin and end is unknown from then on. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Skips a line, or what there is of a blob. @returns the position after it; where it began if that is lost */
  skip(data: Buffer, position: number): number | NeedMoreBytes {
    if (this.#blob > 0) {
      const skipped = Math.min(this.#blob, data.length - position);
      this.#blob -= skipped;
      return position + skipped;
    }
    const end = data.indexOf(CR, position);
    if (end === -1 || end + 1 === data.length) {
      // Bytes of another protocol may never end a line.
      this.#isLost = data.length - position > MAX_LINE || !(data.toString("latin1", position, position + 1) in LINES);
      return this.#isLost ? position : "need more bytes";
    }
    if (data[end + 1] !== LF) {
      this.#isLost = true;
    } else if (data[position] === COLON && isNumber(data, position + 1, end)) {
      this.#valueEnded();
    } else {
      this.#isLost = !this.#readLine(data.toString("latin1", position, end));
    }
    return this.#isLost ? position : end + LINE_END;
  }

  /** @returns whether it is a line of RESP */
  #readLine(line: string): boolean {
    const [type, rest] = [line.charAt(0), line.slice(1)];
    if (!LINES[type]?.test(rest)) {
      return false;
    }
    if (ERRORS.includes(type) && this.#open.length > 0) {
      return false;
    }
    const perItem = VALUES_PER_ITEM[type] ?? 0;
    const leastBytes = LEAST_BYTES[type];
    const count = perItem > 0 || leastBytes !== undefined ? Number(rest) : 0;
    // Of an attribute, with the value that it precedes.
    const values = Math.max(0, count) * perItem + (type === "|" ? 1 : 0);
    if (values > 0) {
      this.#open.push(values);
    } else {
      this.#blob = leastBytes !== undefined && count >= 0 ? count + LINE_END : 0;
      this.#valueEnded();
    }
    return (
      Number.isSafeInteger(count) && this.#open.length <= MAX_DEPTH && (count < 0 || count >= (leastBytes ?? count))
    );
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

/** Replies to PUBLISH are numbers, thousands a second. */
function isNumber(data: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index += 1) {
    const digit = (data[index] as number) - 0x30;
    if (digit < 0 || digit > 9) {
      return false;
    }
  }
  return end > start;
}
