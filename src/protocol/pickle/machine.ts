import { quote } from "../../util/quote.js";
import { isUnsafeEntry, MAX_DEPTH } from "../json/parse.js";
import { RejectionError } from "../model/fields.js";
import { Container, costOf, type Entry, SIZE, sizeOf } from "./container.js";
import { keyText, WholeFloat } from "./values.js";

export interface PickledValue {
  readonly value: unknown;
  /** Its `data` is a tuple, which is a list in the value itself: several arguments, not one. */
  readonly isDataTuple: boolean;
}

export interface MachineOptions {
  /** Bytes that its JSON may have. */
  readonly maxSize: number;
  /** Integers beyond 2^53 stay bigint. */
  readonly isExact: boolean;
}

function refuse(detail: string): never {
  throw new RejectionError("bad_pickle", detail);
}

/** What a pickle's opcodes work on: a stack with marks in it, and a memo. It holds inert data, and calls nothing. */
export class PickleMachine {
  readonly #maxSize: number;
  readonly #isExact: boolean;
  readonly #stack: Entry[] = [];
  readonly #marks: number[] = [];
  readonly #memo: (Entry | undefined)[] = [];
  #memoized = 0;
  /** What all that was on the stack so far costs. */
  #made = 0;

  constructor({ maxSize, isExact }: MachineOptions) {
    this.#maxSize = maxSize;
    this.#isExact = isExact;
  }

  push(entry: Entry): void {
    this.#made += costOf(entry);
    this.#assertSize(this.#made);
    this.#stack.push(entry);
  }

  mark(): void {
    if (this.#marks.length > MAX_DEPTH) {
      throw new RejectionError("too_deep", `more than ${MAX_DEPTH} marks`);
    }
    this.#marks.push(this.#stack.length);
  }

  pop(): void {
    if (this.#marks.at(-1) === this.#stack.length) {
      this.#marks.pop();
    } else {
      this.#take();
    }
  }

  popMark(): void {
    this.#takeToMark();
  }

  double(): void {
    this.#share(this.#top());
  }

  memoize(index = this.#memoized): void {
    // Python numbers from 0, and Python 2 in C from 1. Whoever skips numbers wants a large memo.
    if (index > this.#memoized + 1 || this.#memo[index] !== undefined) {
      refuse(`number ${index} is not the next one of the memo`);
    }
    this.#memo[index] = this.#top();
    this.#memoized += 1;
    this.#assertSize(this.#memoized * SIZE.other);
  }

  fetch(index: number): void {
    const entry = this.#memo[index];
    this.#share(entry === undefined ? refuse(`number ${index} of the memo is not there`) : entry);
  }

  openList(): void {
    this.push(new Container("list", []));
  }

  openDict(): void {
    this.push(new Container("dict", {}));
  }

  append(): void {
    const item = this.#take();
    this.#addItem(this.#open("list"), item);
  }

  appendAll(): void {
    const items = this.#takeToMark();
    const list = this.#open("list");
    for (const item of items) {
      this.#addItem(list, item);
    }
  }

  setItem(): void {
    const value = this.#take();
    const key = this.#take();
    this.#setEntry(this.#open("dict"), key, value);
  }

  setAllItems(): void {
    const items = this.#takeToMark();
    this.#setEntries(this.#open("dict"), items);
  }

  /** `LIST` */
  list(): void {
    this.#closeItems("list", this.#takeToMark());
  }

  /** `DICT` */
  dict(): void {
    const items = this.#takeToMark();
    this.openDict();
    this.#setEntries(this.#open("dict"), items);
  }

  /** @param size - without it, everything down to the mark */
  tuple(size?: number): void {
    const items = size === undefined ? this.#takeToMark() : Array.from({ length: size }, () => this.#take()).reverse();
    this.#closeItems("tuple", items);
  }

  /** To be asked at the end. */
  result(): PickledValue {
    if (this.#marks.length > 0 || this.#stack.length !== 1) {
      refuse(`ends with ${this.#stack.length} values and ${this.#marks.length} marks`);
    }
    const root = this.#take();
    const value = this.#valueOf(root);
    return { value, isDataTuple: root instanceof Container && root.isDataTuple };
  }

  #share(entry: Entry): void {
    if (entry instanceof Container) {
      entry.isShared = true;
    }
    this.push(entry);
  }

  #top(): Entry {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= floor) {
      refuse("takes a value where there is none");
    }
    return this.#stack.at(-1) as Entry;
  }

  #take(): Entry {
    const top = this.#top();
    this.#stack.pop();
    return top;
  }

  #takeToMark(): Entry[] {
    const floor = this.#marks.pop() ?? refuse("takes a mark where there is none");
    return this.#stack.splice(floor);
  }

  /** The container on top, to be added to. */
  #open(kind: "list" | "dict"): Container {
    const container = this.#top();
    if (!(container instanceof Container) || container.kind !== kind) {
      refuse(`adds to what is no ${kind}`);
    }
    if (container.isShared) {
      refuse(`adds to a ${kind} that is in use already, or in itself`);
    }
    return container;
  }

  /** @param items - nobody else's: they become the values that they stand for */
  #closeItems(kind: "list" | "tuple", items: Entry[]): void {
    const values: unknown[] = items;
    const container = new Container(kind, values);
    for (const [index, item] of items.entries()) {
      values[index] = this.#adopt(container, item);
    }
    this.push(container);
  }

  #addItem(container: Container, item: Entry): void {
    (container.value as unknown[]).push(this.#adopt(container, item));
  }

  #setEntries(dict: Container, items: readonly Entry[]): void {
    if (items.length % 2 !== 0) {
      refuse("a key without a value");
    }
    for (let index = 0; index < items.length; index += 2) {
      this.#setEntry(dict, items[index] as Entry, items[index + 1] as Entry);
    }
  }

  #setEntry(dict: Container, keyEntry: Entry, valueEntry: Entry): void {
    const key = keyEntry instanceof Container ? undefined : keyText(keyEntry);
    if (key === undefined) {
      refuse("a key that JSON cannot say");
    }
    dict.size += key.length + SIZE.quotes;
    const value = this.#adopt(dict, valueEntry);
    if (isUnsafeEntry(key, value)) {
      throw new RejectionError("unsafe_name", `the key ${quote(key)}`);
    }
    (dict.value as Record<string, unknown>)[key] = value;
    if (key === "data") {
      dict.isDataTuple = valueEntry instanceof Container && valueEntry.kind === "tuple";
    }
  }

  /** Counts in what is added. @returns it as it stands in the container */
  #adopt(container: Container, entry: Entry): unknown {
    container.size += sizeOf(entry);
    this.#assertSize(container.size);
    if (entry instanceof Container) {
      container.depth = Math.max(container.depth, entry.depth + 1);
      if (container.depth > MAX_DEPTH) {
        throw new RejectionError("too_deep", `nested more than ${MAX_DEPTH} levels`);
      }
    }
    return this.#valueOf(entry);
  }

  #valueOf(entry: Entry): unknown {
    if (entry instanceof Container || entry instanceof WholeFloat) {
      return entry.value;
    }
    return typeof entry === "bigint" && !this.#isExact ? Number(entry) : entry;
  }

  #assertSize(size: number): void {
    if (size > this.#maxSize) {
      throw new RejectionError("too_large", `more values than ${this.#maxSize} bytes of JSON can hold`);
    }
  }
}
