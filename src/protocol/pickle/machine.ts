import { quote } from "../../util/quote.js";
import { TOO_HEAVY, WEIGHT } from "../../util/weight.js";
import { RejectionError } from "../model/rejection.js";
import { MAX_DEPTH } from "../values/limits.js";
import { isUnsafeEntry } from "../values/unsafe-names.js";
import { Container, JSON_SIZE, jsonSize, type StackItem, weightOf } from "./container.js";
import { toJsonKey, WholeFloat } from "./scalars.js";

export interface PickledValue {
  readonly value: unknown;
  /** Its `data` is a tuple (several arguments), although it is an array in the value, as a list (one argument) is. */
  readonly isDataTuple: boolean;
}

export interface MachineOptions {
  /** Bytes that the value may have as JSON. */
  readonly maxSize: number;
  /** Bytes that everything in the pickle may take in memory. */
  readonly maxWeight: number;
  /** Keep integers beyond 2^53 as bigint. */
  readonly keepBigints: boolean;
}

function reject(detail: string): never {
  throw new RejectionError("bad_pickle", detail);
}

/**
 * What the opcodes of a pickle work on: a stack, marks in it, and a memo. It holds plain data and calls nothing.
 *
 * Methods throw a RejectionError: `bad_pickle`, `too_deep`, `too_large` or `unsafe_name`. `opcodes.ts` says which opcode
 * each of them executes.
 */
export class PickleMachine {
  readonly #maxSize: number;
  readonly #keepBigints: boolean;
  readonly #stack: StackItem[] = [];
  readonly #marks: number[] = [];
  readonly #memo: (StackItem | undefined)[] = [];
  #memoSize = 0;
  readonly #maxWeight: number;
  /** `weightOf` everything that was on the stack so far. */
  #weight = 0;
  readonly #keys = new Set<string>();

  constructor({ maxSize, maxWeight, keepBigints }: MachineOptions) {
    this.#maxSize = maxSize;
    this.#maxWeight = maxWeight;
    this.#keepBigints = keepBigints;
  }

  push(item: StackItem): void {
    this.#addWeight(weightOf(item));
    this.#stack.push(item);
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

  duplicate(): void {
    this.#share(this.#top());
  }

  memoize(index = this.#memoSize): void {
    // Python counts from 0, and Python 2 in C from 1. A gap is an attempt to make the memo large.
    if (index > this.#memoSize + 1 || this.#memo[index] !== undefined) {
      reject(`index ${index} is not the next one of the memo`);
    }
    this.#memo[index] = this.#top();
    this.#memoSize += 1;
    this.#assertSize(this.#memoSize * JSON_SIZE.other);
  }

  pushMemoized(index: number): void {
    const item = this.#memo[index];
    this.#share(item === undefined ? reject(`index ${index} of the memo is empty`) : item);
  }

  pushEmptyList(): void {
    this.push(new Container("list", []));
  }

  pushEmptyDict(): void {
    this.push(new Container("dict", {}));
  }

  append(): void {
    const item = this.#take();
    this.#addItem(this.#containerToExtend("list"), item);
  }

  appendItems(): void {
    const items = this.#takeToMark();
    const collectList = this.#containerToExtend("list");
    for (const item of items) {
      this.#addItem(collectList, item);
    }
  }

  setItem(): void {
    const value = this.#take();
    const key = this.#take();
    this.#setEntry(this.#containerToExtend("dict"), key, value);
  }

  setItems(): void {
    const items = this.#takeToMark();
    this.#setEntries(this.#containerToExtend("dict"), items);
  }

  list(): void {
    this.#pushItems("list", this.#takeToMark());
  }

  collectDict(): void {
    const items = this.#takeToMark();
    this.pushEmptyDict();
    this.#setEntries(this.#containerToExtend("dict"), items);
  }

  /** @param size - by default everything down to the last mark */
  collectTuple(size?: number): void {
    const items = size === undefined ? this.#takeToMark() : Array.from({ length: size }, () => this.#take()).reverse();
    this.#pushItems("tuple", items);
  }

  /** Call after the last opcode. */
  result(): PickledValue {
    if (this.#marks.length > 0 || this.#stack.length !== 1) {
      reject(`ends with ${this.#stack.length} values and ${this.#marks.length} marks`);
    }
    const root = this.#take();
    return { value: this.#valueOf(root), isDataTuple: root instanceof Container && root.isDataTuple };
  }

  #share(item: StackItem): void {
    if (item instanceof Container) {
      item.isShared = true;
    }
    this.#addWeight(WEIGHT.slot);
    this.#stack.push(item);
  }

  #top(): StackItem {
    const floor = this.#marks.at(-1) ?? 0;
    if (this.#stack.length <= floor) {
      reject("takes a value from an empty stack");
    }
    return this.#stack.at(-1) as StackItem;
  }

  #take(): StackItem {
    const top = this.#top();
    this.#stack.pop();
    return top;
  }

  #takeToMark(): StackItem[] {
    const floor = this.#marks.pop() ?? reject("takes a mark where there is none");
    return this.#stack.splice(floor);
  }

  /** The container on top of the stack. */
  #containerToExtend(kind: "list" | "dict"): Container {
    const container = this.#top();
    if (!(container instanceof Container) || container.kind !== kind) {
      reject(`adds to something that is not a ${kind}`);
    }
    if (container.isShared) {
      reject(`adds to a ${kind} that is shared already, or contains itself`);
    }
    return container;
  }

  /** @param items - nobody else's: replaced by their values */
  #pushItems(kind: "list" | "tuple", items: StackItem[]): void {
    const values: unknown[] = items;
    const container = new Container(kind, values);
    for (const [index, item] of items.entries()) {
      values[index] = this.#adopt(container, item);
    }
    this.push(container);
  }

  #addItem(container: Container, item: StackItem): void {
    (container.value as unknown[]).push(this.#adopt(container, item));
  }

  #setEntries(dict: Container, items: readonly StackItem[]): void {
    if (items.length % 2 !== 0) {
      reject("a key without a value");
    }
    for (let index = 0; index < items.length; index += 2) {
      this.#setEntry(dict, items[index] as StackItem, items[index + 1] as StackItem);
    }
  }

  #setEntry(dict: Container, keyItem: StackItem, valueItem: StackItem): void {
    const key = keyItem instanceof Container ? undefined : toJsonKey(keyItem);
    if (key === undefined) {
      reject("a key that has no form in JSON");
    }
    dict.jsonSize += key.length + JSON_SIZE.quotes;
    const value = this.#adopt(dict, valueItem);
    if (isUnsafeEntry(key, value)) {
      throw new RejectionError("unsafe_name", `the key ${quote(key)}`);
    }
    if (!this.#keys.has(key)) {
      this.#keys.add(key);
      this.#addWeight(WEIGHT.newKey);
    }
    (dict.value as Record<string, unknown>)[key] = value;
    if (key === "data") {
      dict.isDataTuple = valueItem instanceof Container && valueItem.kind === "tuple";
    }
  }

  /** Adds size and depth of a new item to those of its container. @returns the value of the item */
  #adopt(container: Container, item: StackItem): unknown {
    container.jsonSize += jsonSize(item);
    this.#assertSize(container.jsonSize);
    if (item instanceof Container) {
      container.depth = Math.max(container.depth, item.depth + 1);
      if (container.depth > MAX_DEPTH) {
        throw new RejectionError("too_deep", `nested more than ${MAX_DEPTH} levels`);
      }
    }
    return this.#valueOf(item);
  }

  #valueOf(item: StackItem): unknown {
    if (item instanceof Container || item instanceof WholeFloat) {
      return item.value;
    }
    return typeof item === "bigint" && !this.#keepBigints ? Number(item) : item;
  }

  #addWeight(weight: number): void {
    this.#weight += weight;
    if (this.#weight > this.#maxWeight) {
      throw new RejectionError("too_large", TOO_HEAVY);
    }
  }

  #assertSize(size: number): void {
    if (size > this.#maxSize) {
      throw new RejectionError("too_large", `more values than ${this.#maxSize} bytes of JSON can hold`);
    }
  }
}
