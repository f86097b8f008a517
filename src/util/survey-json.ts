import { endOfLiteral, endOfString } from "./json-tokens.js";
import { isIndex, KeyWeigher } from "./key-weigher.js";
import { maxWeight, TABLE_KEYS, WEIGHT } from "./weight.js";

/** What one pass over a text finds out, if that is JSON. */
export interface JsonSurvey {
  /** The pass ends where this is found out, or the next. */
  readonly isTooDeep: boolean;
  /** Its value would take more than `maxWeight`. */
  readonly isTooHeavy: boolean;
  /** The first key at any depth that could reach a prototype: `__proto__`, or `constructor` with a `prototype` inside. */
  readonly unsafeKey: string | undefined;
  /** The lists that are counted have more items than they may; the pass ends there. */
  readonly hasLongLists: boolean;
  /** Where there may be a `NaN`, an `Infinity` or a `-Infinity`, which Python writes and JSON does not have. */
  readonly words: readonly number[];
  /** Of each key whose list is counted, where its last one ends and the value follows; undefined where there is none. */
  readonly values: readonly (number | undefined)[];
}

/** Values of the outermost object that may have only so many items in all, with those of the lists within them. */
export interface CountedLists {
  readonly keys: readonly Uint8Array[];
  readonly maxItems: number;
}

const UNCOUNTED: CountedLists = { keys: [], maxItems: 0 };

/**
 * A shorter text is within `maxWeight` whatever it says, since nothing weighs 50 times its text: its keys are not compared.
 */
export const WEIGHED_SIZE = 768 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const MINUS = 0x2d;
const UPPER_I = 0x49;
const UPPER_N = 0x4e;
const LOWER_U = 0x75;
/** White space, of which this is the greatest; control characters are no JSON. */
const SPACE = 0x20;

/** What is known of an open list or object. */
const OBJECT = 1;
const OF_CONSTRUCTOR = 2;
const INDEXED = 4;

const PROTO = Buffer.from("__proto__");
const CONSTRUCTOR = Buffer.from("constructor");
const PROTOTYPE = Buffer.from("prototype");

/** Whether a key spells the word, with or without letters as `\uXXXX`. */
function spells(json: Buffer, start: number, end: number, word: Uint8Array): boolean {
  let position = start;
  for (const letter of word) {
    if (json[position] === letter) {
      position += 1;
    } else if (json[position] === BACKSLASH && json[position + 1] === LOWER_U) {
      if (Number.parseInt(json.toString("latin1", position + 2, position + 6), 16) !== letter) {
        return false;
      }
      position += 6;
    } else {
      return false;
    }
  }
  return position === end;
}

class Surveyor implements JsonSurvey {
  isTooDeep = false;
  unsafeKey: string | undefined;
  readonly words: number[] = [];
  readonly values: (number | undefined)[] = [];
  private readonly json: Buffer;
  private readonly lists: CountedLists;
  private items = 0;
  private isInCountedList = false;
  private readonly keys: KeyWeigher | undefined;
  private readonly maxWeight: number;
  private weight = 0;
  /** Flags of each open list and object, the innermost at `depth`. */
  private readonly open: Uint8Array;
  /** Of each open object: how many keys it has so far, and `KeyWeigher.sequence` of the last. */
  private readonly keyCounts: Uint32Array;
  private readonly sequences: Int32Array;
  private depth = 0;
  private isKey = false;
  /** Whether the next value is that of a key `constructor`. */
  private isOfConstructor = false;

  constructor(json: Buffer, maxDepth: number, lists: CountedLists) {
    this.json = json;
    this.lists = lists;
    this.keys = json.length < WEIGHED_SIZE ? undefined : new KeyWeigher();
    this.maxWeight = maxWeight(json.length);
    this.open = new Uint8Array(maxDepth + 1);
    const weighed = this.keys === undefined ? 0 : maxDepth + 1;
    this.keyCounts = new Uint32Array(weighed);
    this.sequences = new Int32Array(weighed);
  }

  get isTooHeavy(): boolean {
    return this.weight > this.maxWeight;
  }

  get hasLongLists(): boolean {
    return this.items > this.lists.maxItems;
  }

  run(): void {
    const json = this.json;
    for (let position = 0; position < json.length && !this.isTooDeep && !this.isTooHeavy && !this.hasLongLists; ) {
      const byte = json[position] as number;
      if (byte <= SPACE || byte === COLON) {
        position += 1;
      } else if (byte === QUOTE) {
        const end = endOfString(json, position + 1);
        this.onString(position + 1, end);
        position = end + 1;
      } else if (byte === COMMA) {
        this.isKey = ((this.open[this.depth] as number) & OBJECT) !== 0;
        position += 1;
      } else if (byte === OPEN_BRACKET || byte === OPEN_BRACE) {
        this.onOpen(byte === OPEN_BRACE);
        position += 1;
      } else if (byte === CLOSE_BRACKET || byte === CLOSE_BRACE) {
        this.depth = Math.max(this.depth - 1, 0);
        this.isKey = false;
        position += 1;
      } else {
        const word = byte === MINUS ? json[position + 1] : byte;
        if (word === UPPER_N || word === UPPER_I) {
          this.words.push(position);
          this.weight += WEIGHT.word;
        }
        this.onValue();
        position = endOfLiteral(json, position);
      }
    }
  }

  private onValue(): void {
    this.weight += WEIGHT.slot;
    this.items += this.isInCountedList && this.depth > 1 ? 1 : 0;
    this.isOfConstructor = false;
  }

  private onOpen(isObject: boolean): void {
    if (this.depth === this.open.length - 1) {
      this.isTooDeep = true;
      return;
    }
    const flags = (isObject ? OBJECT : 0) | (this.isOfConstructor ? OF_CONSTRUCTOR : 0);
    this.weight += WEIGHT.container;
    this.onValue();
    this.depth += 1;
    this.open[this.depth] = flags;
    this.keyCounts[this.depth] = 0;
    this.isKey = isObject;
  }

  private onString(start: number, end: number): void {
    if (!this.isKey) {
      // V8 has one text for each character.
      this.weight += end - start > 1 ? WEIGHT.text + end - start : 0;
      this.onValue();
      return;
    }
    this.isKey = false;
    this.checkKey(start, end);
    if (this.depth === 1) {
      const counted = this.lists.keys.findIndex((key) => spells(this.json, start, end, key));
      this.isInCountedList = counted !== -1;
      if (this.isInCountedList) {
        this.values[counted] = end + 1;
      }
    }
    if (this.keys === undefined) {
      return;
    }
    if (!isIndex(this.json, start, end)) {
      this.weighKey(this.keys, start, end);
    } else if (((this.open[this.depth] as number) & INDEXED) === 0) {
      this.open[this.depth] = (this.open[this.depth] as number) | INDEXED;
      this.weight += WEIGHT.indexedObject;
    }
  }

  private weighKey(keys: KeyWeigher, start: number, end: number): void {
    const count = (this.keyCounts[this.depth] as number) + 1;
    this.keyCounts[this.depth] = count;
    if (count === TABLE_KEYS.json) {
      this.weight += TABLE_KEYS.json * WEIGHT.tableKey;
    }
    const before = count === 1 ? 0 : (this.sequences[this.depth] as number);
    this.weight += keys.weigh(this.json, start, end, before, count > TABLE_KEYS.json);
    this.sequences[this.depth] = keys.sequence;
  }

  private checkKey(start: number, end: number): void {
    if (end - start < PROTO.length) {
      return;
    }
    if (spells(this.json, start, end, PROTO)) {
      this.unsafeKey ??= "__proto__";
    } else if (spells(this.json, start, end, CONSTRUCTOR)) {
      this.isOfConstructor = true;
    } else if (
      ((this.open[this.depth] as number) & (OBJECT | OF_CONSTRUCTOR)) === (OBJECT | OF_CONSTRUCTOR) &&
      spells(this.json, start, end, PROTOTYPE)
    ) {
      this.unsafeKey ??= "constructor";
    }
  }
}

/**
 * Looks over JSON in one pass, whose time and memory are in proportion to the text, before anybody builds what it says.
 * Untrusted input. It does not look whether the text is JSON, which `JSON.parse` does.
 *
 * @param maxDepth - levels of lists and objects
 * @param lists - default: none
 */
export function surveyJson(json: Buffer, maxDepth: number, lists: CountedLists = UNCOUNTED): JsonSurvey {
  const surveyor = new Surveyor(json, maxDepth, lists);
  surveyor.run();
  return surveyor;
}
