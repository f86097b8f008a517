import fc from "fast-check";
import { text } from "../protocol/arbitraries.js";

/** An emit for `publisher.py`, in the typed JSON of `wire.py`. */
export interface Emit {
  readonly event: string;
  readonly namespace: "/" | "/chat";
  readonly data?: unknown;
  readonly no_data?: true;
}

const tuple = (items: readonly unknown[]) => ({ $tuple: items });
const integer = (digits: bigint) => ({ $int: digits.toString() });
const float = (value: number) => ({ $float: Object.is(value, -0) ? "-0.0" : String(value) });
const bytes = (content: Uint8Array) => ({ $bytes: Buffer.from(content).toString("base64") });
const dict = (entries: readonly (readonly [unknown, unknown])[]) => ({ $dict: entries });

/** At most one away from the powers of two at which encodings and JavaScript change. */
const edge = fc
  .tuple(
    fc.constantFrom(7, 8, 15, 16, 31, 32, 52, 53, 54, 63, 64, 69, 70, 100),
    fc.constantFrom(-1n, 0n, 1n),
    fc.boolean(),
  )
  .map(([power, beside, isNegative]) => (2n ** BigInt(power) + beside) * (isNegative ? -1n : 1n));

const shortIntegers = fc.oneof(fc.maxSafeInteger().map(BigInt), edge);

const integers = fc.oneof(shortIntegers, fc.bigInt({ min: -(10n ** 100n), max: 10n ** 100n })).map(integer);

const floats = fc
  .oneof(
    { weight: 4, arbitrary: fc.double() },
    { weight: 2, arbitrary: fc.integer() },
    fc.tuple(fc.integer({ min: 1, max: 99 }), fc.integer({ min: -330, max: 308 })).map(([n, e]) => Number(`${n}e${e}`)),
    fc.constantFrom(0, -0, 1, 1e15, 1e16, 1e20, 1e21, 1e22, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308),
  )
  .map(float);

const SIZE = 65_536;

/** Rare, since each is sent four times. */
const longText = fc.constantFrom("x", "ž", "🐍", "\ud800", '"', "\n").map((unit) => unit.repeat(SIZE / unit.length));

const contents = fc.oneof(
  { weight: 30, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constant(Buffer.alloc(SIZE, "0123456789")) },
);

const scalar = fc.oneof(
  { weight: 60, arbitrary: text },
  { weight: 40, arbitrary: integers },
  { weight: 40, arbitrary: floats },
  { weight: 20, arbitrary: fc.constantFrom(null, true, false, "", "NaN", "Infinity", "-0.0") },
  { weight: 30, arbitrary: contents.map(bytes) },
  { weight: 1, arbitrary: longText },
);

const key = fc.oneof(
  { weight: 30, arbitrary: text },
  { weight: 10, arbitrary: fc.nat(120).map(String) },
  {
    weight: 4,
    arbitrary: fc.constantFrom("", "01", "-1", "4294967295", "constructor", "prototype", "length", "toJSON"),
  },
  { weight: 2, arbitrary: fc.constantFrom("_placeholder", "num", "$bytes", "__proto__ ") },
  { weight: 2, arbitrary: fc.oneof(shortIntegers.map(integer), floats, fc.constantFrom(null, true, false)) },
);

/** Beside bytes, Python looks for an attachment wherever `_placeholder` is truthy and `num` exists. */
const isNoPlaceholder = (entries: readonly (readonly [unknown, unknown])[]): boolean =>
  !["_placeholder", "num"].every((name) => entries.some(([key]) => key === name));

/** Lookalikes of placeholders, and keys aimed at code that merges objects. */
const adversarial = fc.constantFrom(
  dict([
    ["_placeholder", true],
    ["num", 0],
  ]),
  dict([["_placeholder", true]]),
  dict([
    ["_placeholder", false],
    ["num", 0],
  ]),
  dict([["__proto__", dict([["polluted", true]])]]),
  dict([["constructor", dict([["prototype", dict([])]])]]),
);

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 60, arbitrary: scalar },
    { weight: 20, arbitrary: fc.array(tie("value"), { maxLength: 6 }) },
    {
      weight: 20,
      arbitrary: fc
        .array(fc.tuple(key, tie("value")), { maxLength: 6 })
        .filter(isNoPlaceholder)
        .map(dict),
    },
    { weight: 4, arbitrary: fc.array(tie("value"), { maxLength: 3 }).map(tuple) },
    { weight: 1, arbitrary: adversarial },
  ),
})).value;

/** A value inside up to 300 lists and dicts. */
const buried = fc
  .tuple(value, fc.array(fc.boolean(), { maxLength: 300, size: "max" }))
  .map(([content, isDict]) =>
    isDict.reduce<unknown>((inner, inDict) => (inDict ? dict([["a", inner]]) : [inner]), content),
  );

const data = fc.oneof(
  { weight: 60, arbitrary: value.map((one) => ({ data: one })) },
  { weight: 30, arbitrary: fc.array(value, { maxLength: 5 }).map((items) => ({ data: tuple(items) })) },
  { weight: 5, arbitrary: fc.constant({ no_data: true } as const) },
  { weight: 2, arbitrary: buried.map((one) => ({ data: one })) },
);

export const emits: fc.Arbitrary<Emit> = fc
  .tuple(text, fc.constantFrom("/" as const, "/chat" as const), data)
  .map(([event, namespace, payload]) => ({ event, namespace, ...payload }));

/** Python writes integers of more than 100 characters, but does not read them. */
export const holdsLongInteger = ({ data }: Emit): boolean => /"\$int":"[^"]{101,}"/.test(JSON.stringify(data) ?? "");

const example = (data: unknown): Emit => ({ event: "e", namespace: "/", data });

/** One for each row of the table in docs/differences.md. */
export const EXAMPLES: readonly Emit[] = [
  example("žluť"),
  example(integer(2n ** 53n + 1n)),
  example(integer(-(10n ** 99n))),
  example(float(1)),
  example(float(-0)),
  example(float(1e-5)),
  example(float(Number.NaN)),
  example(
    dict([
      ["b", 1],
      ["10", 2],
    ]),
  ),
  example(dict([["__proto__", 1]])),
  example(
    dict([
      [1, "a"],
      ["1", "b"],
    ]),
  ),
  example([1, 2]),
  example([bytes(Buffer.from("x")), dict([["_placeholder", true]])]),
];
