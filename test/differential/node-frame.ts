import { type Exact, parseExact } from "./exact-json.js";
import type { RawPacket } from "./raw-client.js";

/** How a Node server's frame may differ from a Python server's: the rows of the table in docs/differences.md. */
export type Difference =
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
  return value !== undefined && "raw" in value ? value.raw : undefined;
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

/** Says what a Node server makes of it, byte by byte. */
export function predict(packet: RawPacket): Prediction {
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
