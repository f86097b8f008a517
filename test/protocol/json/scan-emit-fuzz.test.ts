import { setImmediate } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import test, { type ExecutionContext } from "ava";
import { checkJson } from "../../../src/protocol/json/check-json.js";
import { mayHaveUnsafeKey } from "../../../src/protocol/json/decode.js";
import { scanEmit } from "../../../src/protocol/json/scan-emit.js";
import type { ScannedEmit } from "../../../src/protocol/json/scanned-emit.js";
import { MAX_DEPTH } from "../../../src/protocol/values/limits.js";
import {
  emitOf,
  foreignEmits,
  goldenEmits,
  mutated,
  ownEmits,
  shuffledEmits,
  speltEmits,
} from "../../helpers/json-emits.js";

/** `npm run fuzz` runs three million. */
const MESSAGES = Number(process.env.SCAN_FUZZ_MESSAGES ?? 50_000);
const SEED = Number(process.env.SCAN_FUZZ_SEED ?? 5_18);

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const DIALECT = "5.15";

type Outcome = "not scanned" | "not checked" | "accepted" | "wrong";

/** Compares what scanEmit and checkJson accept with what decode and JSON.parse read. */
function compare(message: Buffer): Outcome {
  const scanned = scanEmit(message, DIALECT);
  if (scanned === undefined) {
    return "not scanned";
  }
  const { dataStart: start, dataEnd: end, envelope, form } = scanned;
  const checked = checkJson(message, start, end);
  if (checked === undefined) {
    return "not checked";
  }
  const emit = emitOf(message);
  if (emit === undefined) {
    return "wrong";
  }
  const { payload, ...expected } = emit;
  const value = message.subarray(start, end);
  const text = checked === "ascii" ? value.toString("latin1") : UTF8.decode(value);
  const isRight =
    isDeepStrictEqual(envelope, expected) &&
    isDeepStrictEqual(payload, { data: JSON.parse(text), form, binary: false }) &&
    isDeepStrictEqual(payload.data, JSON.parse(UTF8.decode(message)).data) &&
    (checked === "ascii") === value.every((byte) => byte < 0x80);
  return isRight ? "accepted" : "wrong";
}

/** Yields to the event loop now and then, so that AVA does not take the test for hung. */
async function* yielding<T>(items: Iterable<T>): AsyncGenerator<T> {
  let number = 0;
  for (const item of items) {
    number += 1;
    if (number % 10_000 === 0) {
      await setImmediate();
    }
    yield item;
  }
}

/** @throws SyntaxError if a message is accepted that JSON.parse rejects */
async function outcomesOf(messages: Iterable<Buffer>, t: ExecutionContext): Promise<Record<Outcome, number>> {
  const outcomes = { "not scanned": 0, "not checked": 0, accepted: 0, wrong: 0 };
  for await (const message of yielding(messages)) {
    const outcome = compare(message);
    outcomes[outcome] += 1;
    if (outcome === "wrong") {
      t.fail(`${message.toString("base64")} ${message}`);
    }
  }
  return outcomes;
}

const PLAIN: Readonly<Record<string, readonly Buffer[]>> = {
  "of every release": goldenEmits(),
  "of this package": ownEmits(2_000, SEED),
  "in all spellings": speltEmits(600, SEED),
  "with shuffled keys": shuffledEmits(2_000, SEED),
};

for (const [name, messages] of Object.entries(PLAIN)) {
  test(`emits ${name} are all accepted as they are`, async (t) => {
    t.true(messages.length > 100);
    t.deepEqual(await outcomesOf(messages, t), {
      "not scanned": 0,
      "not checked": 0,
      accepted: messages.length,
      wrong: 0,
    });
  });
}

test("of a valid message, namespace, rooms and sender are right before the payload is checked", (t) => {
  let scanned = 0;
  for (const message of foreignEmits(3_000, SEED)) {
    const envelope = scanEmit(message, DIALECT)?.envelope;
    if (envelope !== undefined) {
      scanned += 1;
      const expected = emitOf(message);
      const facts = [envelope.namespace, envelope.rooms, envelope.hostId];
      t.true(isDeepStrictEqual(facts, [expected?.namespace, expected?.rooms, expected?.hostId]), String(message));
    }
  }
  t.true(scanned > 500);
});

test(`${MESSAGES} mutated emits: what scanEmit and checkJson accept is what decode reads`, async (t) => {
  t.timeout(3_600_000);
  t.log({ seed: SEED });
  const seeds = [...Object.values(PLAIN).flat(), ...foreignEmits(1_000, SEED)].filter(({ length }) => length < 3_000);
  const outcomes = await outcomesOf(mutated(seeds, MESSAGES, SEED), t);
  t.log(outcomes);
  t.is(outcomes.wrong, 0);
  // The mutations reach all outcomes, and leave some messages valid.
  t.true(outcomes.accepted > MESSAGES / 20);
  t.true(outcomes["not checked"] > MESSAGES / 100);
  t.true(outcomes["not scanned"] > MESSAGES / 20);
});

function parses(bytes: Buffer): boolean {
  try {
    JSON.parse(UTF8.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

test(`${MESSAGES} mutated payloads: what checkJson accepts is what JSON.parse reads`, async (t) => {
  t.timeout(3_600_000);
  const seeds = Object.values(PLAIN)
    .flat()
    .map((message) => {
      const { dataStart: start, dataEnd: end } = scanEmit(message, DIALECT) as ScannedEmit;
      return message.subarray(start, end);
    })
    .filter(({ length }) => length > 1 && length < 3_000);
  let passed = 0;
  for await (const bytes of yielding(mutated(seeds, MESSAGES, SEED))) {
    const passes = checkJson(bytes, 0, bytes.length) !== undefined;
    const isRead = parses(bytes);
    // What is rejected although JSON.parse reads it is nested deep, or may have an unsafe key.
    const isRejectedForMore = bytes.length > 2 * (MAX_DEPTH - 1) || mayHaveUnsafeKey(bytes.toString("latin1"));
    if (passes ? !isRead : isRead && !isRejectedForMore) {
      t.fail(`${bytes.toString("base64")} ${bytes}`);
    }
    passed += passes ? 1 : 0;
  }
  t.log({ passed });
  t.true(passed > MESSAGES / 10 && passed < MESSAGES / 2);
});
