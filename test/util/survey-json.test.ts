import test from "ava";
import fc from "fast-check";
import { surveyJson } from "../../src/util/survey-json.js";

/** The survey decides what `JSON.parse` may build, so it must see what `JSON.parse` will. */

const MAX_DEPTH = 3;

/** A value as text, in any spelling: white space, escapes, keys that occur twice. */
const json = fc.letrec<{ value: string; text: string; space: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", maxDepth: 9 },
    fc.constantFrom("1", "-0.5e3", "true", "null", '""', '"["', '"\\""', '"\\\\"', '"{\\"__proto__\\": 1}"'),
    tie("text"),
    fc
      .tuple(fc.array(tie("value"), { maxLength: 3 }), tie("space"))
      .map(([items, space]) => `[${items.join(`${space},`)}]`),
    fc
      .tuple(fc.array(fc.tuple(tie("text"), tie("value")), { maxLength: 3 }), tie("space"))
      .map(([entries, space]) => `{${entries.map(([key, item]) => `${key}${space}:${space}${item}`).join(",")}}`),
  ),
  text: fc
    .tuple(
      fc.oneof(fc.constantFrom("__proto__", "constructor", "prototype", "constructor", "prototype"), fc.string()),
      fc.func(fc.boolean()),
    )
    .map(([text, isEscaped]) => {
      const escaped = [...text].map((letter, index) =>
        isEscaped(index) && letter.length === 1
          ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`
          : undefined,
      );
      return `"${[...text].map((letter, index) => escaped[index] ?? JSON.stringify(letter).slice(1, -1)).join("")}"`;
    }),
  space: fc.constantFrom("", " ", "\n\t", "\r  "),
})).value;

function depthOf(value: unknown): number {
  return typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
}

function hasUnsafeKey(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  return Object.entries(value).some(([key, item]) => {
    const isObject = typeof item === "object" && item !== null && !Array.isArray(item);
    const reaches = key === "constructor" && isObject && Object.hasOwn(item, "prototype");
    return (!Array.isArray(value) && (key === "__proto__" || reaches)) || hasUnsafeKey(item);
  });
}

/** @returns undefined for what is not JSON */
function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Of several equal keys `JSON.parse` keeps the last; the survey sees them all. */
const seesAll = (text: string, value: unknown) => {
  const { isTooDeep, unsafeKey } = surveyJson(Buffer.from(text), MAX_DEPTH);
  return (!hasUnsafeKey(value) || unsafeKey !== undefined || isTooDeep) && (depthOf(value) <= MAX_DEPTH || isTooDeep);
};

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  const items = Object.values(value);
  return (Array.isArray(value) ? 0 : items.length) + items.reduce((sum: number, item) => sum + countKeys(item), 0);
}

/** Colons within strings, of which one may be written `\u003a`, are no keys. */
const hasEqualKeys = (text: string, value: unknown) =>
  countKeys(value) !== (text.replace(/"(?:\\.|[^"\\])*"/g, "").match(/:/g)?.length ?? 0);

test("the survey finds every unsafe key and every level that JSON.parse builds, and no others", (t) => {
  let [unsafe, deep] = [0, 0];
  fc.assert(
    fc.property(json, (text) => {
      const { value } = parse(text) as { value: unknown };
      const { isTooDeep, unsafeKey, words } = surveyJson(Buffer.from(text), MAX_DEPTH);
      const isDeep = depthOf(value) > MAX_DEPTH;
      unsafe += unsafeKey === undefined ? 0 : 1;
      deep += isTooDeep ? 1 : 0;
      const isExact = isTooDeep === isDeep && (isDeep || (unsafeKey !== undefined) === hasUnsafeKey(value));
      return words.length === 0 && seesAll(text, value) && (isExact || hasEqualKeys(text, value));
    }),
    { numRuns: 3_000 },
  );
  t.true(unsafe > 100 && deep > 100, `${unsafe} unsafe, ${deep} deep`);
});

test("a changed text has no key that JSON.parse builds and the survey does not see", (t) => {
  let parsed = 0;
  const change = fc.tuple(
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom("", '"', "\\", "[", "}", ":", ",", "\\u005f", "{", "1", " "),
  );
  fc.assert(
    fc.property(json, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
      const changed = changes.reduce((before, [position, removed, added]) => {
        const start = position % (before.length + 1);
        return before.slice(0, start) + added + before.slice(start + removed);
      }, text);
      const result = parse(changed);
      parsed += result === undefined ? 0 : 1;
      return result === undefined
        ? surveyJson(Buffer.from(changed), MAX_DEPTH) !== undefined
        : seesAll(changed, result.value);
    }),
    { numRuns: 5_000 },
  );
  t.true(parsed > 500, `${parsed} of them are JSON`);
});

test("the survey reads any bytes to their end", (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom("", '{"a":', '["\\', "[[[["), (bytes, start) => {
      surveyJson(Buffer.concat([Buffer.from(start), bytes]), MAX_DEPTH);
    }),
    { numRuns: 3_000 },
  );
  t.pass();
});
