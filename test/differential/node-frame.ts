import assert from "node:assert/strict";
import { type Exact, parseExact } from "./exact-json.js";
import type { RawPacket } from "./raw-client.js";

/** How the frame of a Node server may differ from that of a Python server: the rows of the table in docs/differences.md. */
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

/** What a Node server sends for a packet of a Python server, and why it differs. */
export interface Prediction {
  /** Undefined if it sends nothing. */
  readonly packet: RawPacket | undefined;
  readonly differences: ReadonlySet<Difference>;
}

class Rejected extends Error {}

const HEADER = /^(?:2|5\d+-)(?:\/[^,]*,)?/;

/** JavaScript puts keys that are array indices first, in ascending order. */
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
      throw new Rejected();
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
      throw new Rejected();
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
 * The value that JSON.parse makes of a packet.
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

/** Predicts the bytes of a Node server that decodes the event and encodes it again. */
export function predictDecoded(packet: RawPacket): Prediction {
  const header = HEADER.exec(packet.text)?.[0] as string;
  const rewriting = new Rewriting(packet);
  const { differences, attachments } = rewriting;
  try {
    const text = header + rewriting.write(parseExact(packet.text.slice(header.length)));
    return { packet: { text, attachments }, differences };
  } catch (error) {
    if (error instanceof Rejected) {
      return { packet: undefined, differences };
    }
    throw error;
  }
}

/** Whether a Node server cannot pass it through, but has to decode it. */
function needsDecoding(value: Exact): boolean {
  switch (value.kind) {
    case "text":
    case "word":
      return false;
    case "number":
      return !Number.isFinite(Number(value.raw)) && !/\d/.test(value.raw);
    case "list":
      return value.items.some(needsDecoding);
    case "object":
      return value.entries.some(([key, item]) => isSuspicious(key) || needsDecoding(item));
    default:
      return value satisfies never;
  }
}

/** A name that could reach a prototype, or escapes that could spell such a name. */
function isSuspicious({ raw, value }: Exact & { kind: "text" }): boolean {
  return value === "__proto__" || value === "constructor" || /\\u00[4-7]/.test(raw);
}

/** As a Python server writes it into a frame: without spaces, and each key of a dict once. */
function toPythonFrame(value: Exact, differences: Set<Difference>): string {
  switch (value.kind) {
    case "text":
    case "number":
    case "word":
      return value.raw;
    case "list":
      return `[${value.items.map((item) => toPythonFrame(item, differences)).join(",")}]`;
    case "object": {
      const items = new Map(value.entries.map(([key, item]) => [key.raw, toPythonFrame(item, differences)]));
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

/** The arguments without the brackets of their list. */
function argumentsOf(data: Exact): string {
  const args = data.kind === "list" ? data.raw.slice(1, -1) : data.raw;
  return args === "null" ? "" : args;
}

/**
 * Predicts the bytes of a Node server that passes the event through as Python wrote it to the channel.
 *
 * @param packet - what a Python server sends for the message
 * @returns undefined if it has to decode the message
 */
export function predictPassedThrough(packet: RawPacket, message: string): Prediction | undefined {
  const whole = parseExact(message);
  const [event, data] = [entry(whole, "event"), entry(whole, "data")];
  if (event?.kind !== "text" || data === undefined || packet.attachments.length > 0 || needsDecoding(data)) {
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
  const compact = header + toPythonFrame(parseExact(text.slice(header.length)), differences);
  assert.equal(compact, packet.text);
  if (compact !== text && !differences.has("repeated-key")) {
    differences.add("spaces");
  }
  return { packet: { text: `${header}[${name}${end}`, attachments: [] }, differences };
}
