import type { Random } from "./mutations.js";

/** How a sender writes JSON. */
export interface Spelling {
  readonly comma: string;
  readonly colon: string;
  /** Escapes everything but ASCII. */
  readonly isAscii: boolean;
  /** Random white space wherever JSON allows it. */
  readonly isWild?: true;
}

export const SPELLINGS: Readonly<Record<string, Spelling>> = {
  "Python's json": { comma: ", ", colon: ": ", isAscii: true },
  "Python's json, ensure_ascii off": { comma: ", ", colon: ": ", isAscii: false },
  "orjson, and JSON.stringify": { comma: ",", colon: ":", isAscii: false },
  "ujson, and simplejson compact": { comma: ",", colon: ":", isAscii: true },
  "by hand": { comma: ",", colon: ":", isAscii: false, isWild: true },
};

const GAPS = ["", "", " ", "\n", "\t", "\r\n", "  "];

function spellText(text: string, { isAscii }: Spelling): string {
  const json = JSON.stringify(text);
  return isAscii
    ? json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    : json;
}

/** An object with its members in this order; keys may repeat. */
export function spellMembers(
  members: readonly (readonly [key: string, value: unknown])[],
  spelling: Spelling,
  random: Random,
): string {
  const gap = () => (spelling.isWild ? random.pick(GAPS) : "");
  const pairs = members.map(
    ([key, value]) =>
      `${gap()}${spellText(key, spelling)}${gap()}${spelling.colon}${gap()}${spell(value, spelling, random)}${gap()}`,
  );
  return `{${pairs.join(spelling.comma)}}`;
}

/** @param value - a JSON value, or a bigint */
export function spell(value: unknown, spelling: Spelling, random: Random): string {
  if (typeof value === "string") {
    return spellText(value, spelling);
  }
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint" ? value.toString() : JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    const gap = () => (spelling.isWild ? random.pick(GAPS) : "");
    return `[${value.map((item) => `${gap()}${spell(item, spelling, random)}${gap()}`).join(spelling.comma)}]`;
  }
  return spellMembers(Object.entries(value), spelling, random);
}
