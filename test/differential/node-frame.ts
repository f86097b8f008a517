import assert from "node:assert/strict";
import { type Exact, parseExact } from "./exact-json.js";
import type { RawPacket } from "./raw-client.js";

/** How a Node server's frame may differ from a Python server's: the rows of the table in docs/differences.md. */
export type Difference =
  | "spaces"
  | "repeated-key"
  | "escapes"
  | "large-integer"
  | "long-integer"
  | "whole-float"
  | "negative-zero"
  | "float-notation"
  | "not-a-number"
  | "key-order"
  | "refused-key"
  | "half-placeholder";

/** What a Node server sends where a Python server sends a packet, and why not the same. */
export interface Prediction {
  /** Undefined where it sends nothing. */
  readonly packet: RawPacket | undefined;
  readonly differences: ReadonlySet<Difference>;
}

class Refused extends Error {}

const HEADER = /^(?:2|5\d+-)(?:\/[^,]*,)?/;

/** JavaScript's order: keys that are array indices come first, ascending. */
function inOrderOfJavaScript(keys: readonly string[]): readonly string[] {
  return Object.keys(Object.fromEntries(keys.map((key) => [key, 0])));
}

class Rewriting {
  readonly differences = new Set<Difference>();
  readonly attachments: Buffer[] = [];
  readonly #packet: RawPacket;

  constructor(packet: RawPacket) {
    this.#packet = packet;
  }

  write(value: Exact): string {
    switch (value.kind) {
      case "text":
        return this.#changed(value.raw, JSON.stringify(value.value), "escapes");
      case "number":
        return this.#number(value.raw);
      case "word":
        return value.raw;
      case "list":
        return `[${value.items.map((item) => this.write(item)).join(",")}]`;
      case "object":
        return this.#object(value.entries);
      default:
        return value satisfies never;
    }
  }

  #changed(before: string, after: string, difference: Difference): string {
    if (before !== after) {
      this.differences.add(difference);
    }
    return after;
  }

  #number(raw: string): string {
    const value = Number(raw);
    return this.#changed(raw, JSON.stringify(value), kindOfNumber(raw, value));
  }

  #object(entries: readonly (readonly [Exact & { kind: "text" }, Exact])[]): string {
    const values = new Map(entries.map(([key, value]) => [key.value, value]));
    if (this.#packet.attachments.length > 0 && raw(values.get("_placeholder")) === "true") {
      return this.#placeholder(raw(values.get("num")));
    }
    if (values.has("__proto__") || reachesPrototype(values.get("constructor"))) {
      this.differences.add("refused-key");
      throw new Refused();
    }
    const keys = inOrderOfJavaScript([...values.keys()]);
    this.#changed([...values.keys()].join(), keys.join(), "key-order");
    const keyTexts = new Map(entries.map(([key]) => [key.value, this.write(key)]));
    return `{${keys.map((key) => `${keyTexts.get(key)}:${this.write(values.get(key) as Exact)}`).join(",")}}`;
  }

  #placeholder(num: string | undefined): string {
    const attachment = this.#packet.attachments[Number(num)];
    if (attachment === undefined) {
      this.differences.add("half-placeholder");
      throw new Refused();
    }
    return `{"_placeholder":true,"num":${this.attachments.push(attachment) - 1}}`;
  }
}

function kindOfNumber(raw: string, value: number): Difference {
  if (!Number.isFinite(value)) {
    return "not-a-number";
  }
  if (/^-?\d+$/.test(raw)) {
    return "large-integer";
  }
  if (Object.is(value, -0)) {
    return "negative-zero";
  }
  return Number.isInteger(value) ? "whole-float" : "float-notation";
}

function raw(value: Exact | undefined): string | undefined {
  return value?.raw;
}

function reachesPrototype(value: Exact | undefined): boolean {
  return value?.kind === "object" && value.entries.some(([key]) => key.value === "prototype");
}

/**
 * What a parser of JavaScript makes of a packet.
 *
 * @throws SyntaxError for NaN and Infinity
 */
export function meaningOf({ text, attachments }: RawPacket): unknown {
  return JSON.parse(text.replace(HEADER, ""), (_, value) => {
    if (attachments.length > 0 && value?._placeholder === true) {
      return { bytes: attachments[value.num]?.toString("base64") };
    }
    return Object.is(value, -0) ? 0 : value;
  });
}

/** Says what a Node server makes of it when it decodes it, byte by byte. */
export function predictDecoded(packet: RawPacket): Prediction {
  const header = HEADER.exec(packet.text)?.[0] as string;
  const rewriting = new Rewriting(packet);
  const { differences, attachments } = rewriting;
  try {
    const text = header + rewriting.write(parseExact(packet.text.slice(header.length)));
    return { packet: { text, attachments }, differences };
  } catch (error) {
    if (error instanceof Refused) {
      return { packet: undefined, differences };
    }
    throw error;
  }
}

/** What a Node server does not pass on as it came: what it has to read first. */
function isToBeRead(value: Exact): boolean {
  switch (value.kind) {
    case "text":
    case "word":
      return false;
    case "number":
      return !Number.isFinite(Number(value.raw)) && !/\d/.test(value.raw);
    case "list":
      return value.items.some(isToBeRead);
    case "object":
      return value.entries.some(([key, item]) => isSuspicious(key) || isToBeRead(item));
    default:
      return value satisfies never;
  }
}

/** A name that could reach a prototype, or escapes that could spell one. */
function isSuspicious({ raw, value }: Exact & { kind: "text" }): boolean {
  return value === "__proto__" || value === "constructor" || /\\u00[4-7]/.test(raw);
}

/** As a frame of Python has it: without spaces, and each key of a dict once. */
function asOfPython(value: Exact, differences: Set<Difference>): string {
  switch (value.kind) {
    case "text":
    case "number":
    case "word":
      return value.raw;
    case "list":
      return `[${value.items.map((item) => asOfPython(item, differences)).join(",")}]`;
    case "object": {
      const items = new Map(value.entries.map(([key, item]) => [key.raw, asOfPython(item, differences)]));
      if (items.size < value.entries.length) {
        differences.add("repeated-key");
      }
      return `{${[...items].map(([key, item]) => `${key}:${item}`).join(",")}}`;
    }
    default:
      return value satisfies never;
  }
}

function entry(message: Exact, name: string): Exact | undefined {
  return message.kind === "object" ? message.entries.find(([key]) => key.value === name)?.[1] : undefined;
}

/** Arguments as they stand between the brackets of a list. */
function argumentsOf(data: Exact): string {
  const args = data.kind === "list" ? data.raw.slice(1, -1) : data.raw;
  return args === "null" ? "" : args;
}

/**
 * Says what a Node server passes on of what Python wrote to the channel, byte by byte.
 *
 * @param packet - what a Python server made of the message
 * @returns undefined where it has to read the message
 */
export function predictRelayed(packet: RawPacket, message: string): Prediction | undefined {
  const whole = parseExact(message);
  const [event, data] = [entry(whole, "event"), entry(whole, "data")];
  if (event?.kind !== "text" || data === undefined || packet.attachments.length > 0 || isToBeRead(data)) {
    return undefined;
  }
  const header = HEADER.exec(packet.text)?.[0] as string;
  const args = argumentsOf(data);
  const end = args === "" ? "]" : `,${args}]`;
  const differences = new Set<Difference>();
  const name = JSON.stringify(event.value);
  if (name !== event.raw) {
    differences.add("escapes");
  }
  const text = `${header}[${event.raw}${end}`;
  const compact = header + asOfPython(parseExact(text.slice(header.length)), differences);
  assert.equal(compact, packet.text);
  if (compact !== text && !differences.has("repeated-key")) {
    differences.add("spaces");
  }
  return { packet: { text: `${header}[${name}${end}`, attachments: [] }, differences };
}
