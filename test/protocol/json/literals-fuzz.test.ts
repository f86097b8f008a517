import test from "ava";
import fc from "fast-check";
import { decodeJson } from "../../../src/protocol/json/decode.js";

/** What Python writes and JSON does not have: NaN, infinities, and integers of any number of digits. */

/** A value as Python writes it, as it is read, and as it is read with every digit. */
interface Written {
  readonly text: string;
  readonly value: unknown;
  readonly exact: unknown;
}

const same = (text: string, value: unknown): Written => ({ text, value, exact: value });

const integer = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map((digits): Written => {
  const value = Number(digits);
  return { text: String(digits), value, exact: Number.isSafeInteger(value) ? value : String(digits) };
});

const written = fc.letrec<{ value: Written }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    integer,
    fc.constantFrom(
      same("NaN", Number.NaN),
      same("Infinity", Number.POSITIVE_INFINITY),
      same("-Infinity", Number.NEGATIVE_INFINITY),
      same("9007199254740991", 9_007_199_254_740_991),
      { text: "9007199254740993", value: 9_007_199_254_740_992, exact: "9007199254740993" },
      same("1234567890123456.5", 1_234_567_890_123_456.5),
      same("12345678901234567e1", Number("12345678901234567e1")),
    ),
    fc
      .oneof(fc.string(), fc.constantFrom("NaN", '"NaN', "\\", '\\"', "-Infinity, 9007199254740993", "a", "b"))
      .map((text) => same(JSON.stringify(text), text)),
    fc.constantFrom("a", "b", "c").map((letter) => same(`"\\u00${letter.charCodeAt(0).toString(16)}"`, letter)),
    fc.array(tie("value"), { maxLength: 4 }).map((items) => ({
      text: `[${items.map(({ text }) => text).join(", ")}]`,
      value: items.map(({ value }) => value),
      exact: items.map(({ exact }) => exact),
    })),
    fc.dictionary(fc.constantFrom("a", "NaN", "9007199254740993", '"'), tie("value"), { maxKeys: 4 }).map((object) => {
      const entries = Object.entries(object);
      return {
        text: `{${entries.map(([key, { text }]) => `${JSON.stringify(key)}: ${text}`).join(", ")}}`,
        value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
        exact: Object.fromEntries(entries.map(([key, { exact }]) => [key, exact])),
      };
    }),
  ),
})).value;

/** Longer than what is read without looking at it first. */
const PADDING = `"${"x".repeat(3_000)}"`;

/** Of keys whose integers may be long: the last one of the message counts. */
const KEYS = [
  ["room", '"room": '],
  ["room", '"r\\u006fom" :\n'],
  ["callback", '"callback":'],
] as const;

test("words and long integers of Python are read, wherever they stand", (t) => {
  fc.assert(
    fc.property(written, fc.boolean(), fc.constantFrom(...KEYS), ({ text, value, exact }, isLong, [key, spelling]) => {
      const rest = isLong ? `, "x": ${PADDING}` : "";
      const decoded = decodeJson(Buffer.from(`{"room": 9007199254740995, ${spelling}${text}${rest}}`));
      t.deepEqual((decoded.value as Record<string, unknown>)[key], value);
      t.deepEqual(decoded.decodeExactly(key), exact);
    }),
    { numRuns: 2_000 },
  );
});

test("NaN is told from texts of one letter, whichever there are", (t) => {
  const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"];
  const mostly = Array.from({ length: 1_000 }, () => Number.NaN);
  for (const others of [[], mostly]) {
    for (const texts of [[], ["a"], letters.slice(0, -1), letters]) {
      const value = [...texts, Number.NaN, { x: [Number.NaN, ...texts] }, others];
      const json = JSON.stringify(value).replaceAll("null", "NaN");
      t.deepEqual(decodeJson(Buffer.from(json)).value, value);
      const escaped = json.replaceAll('"a"', '"\\u0061"');
      t.deepEqual(decodeJson(Buffer.from(escaped)).value, value);
    }
  }
});

test("a word in place of a key is no JSON", (t) => {
  const mostly = `[${"NaN,".repeat(1_000)}NaN]`;
  for (const wrong of ["{NaN:1}", '{"a":NaN,NaN :2}', "{NaN\n:1,NaN:2}", '{"x":{NaN:[NaN]}}', "{Infinity:1}"]) {
    for (const json of [wrong, `[${wrong},${mostly}]`]) {
      t.throws(() => decodeJson(Buffer.from(json)), { message: /^not_json|is not valid JSON|JSON/ }, json.slice(0, 40));
    }
  }
});
