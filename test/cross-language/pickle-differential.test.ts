import { execFileSync } from "node:child_process";
import test from "ava";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { mutatedPickles } from "../helpers/pickle-mutations.js";
import { fromPythonJson, tryUnpickle } from "../helpers/pickles.js";

const MAX_SIZE = 10_000_000;

/** Runs `pickle_peer.py`. @returns the lines that it writes, parsed */
function python(args: readonly string[], input = ""): readonly unknown[] {
  const options = { input, encoding: "utf8", maxBuffer: 2 ** 30 } as const;
  const output = execFileSync(testEnvironment().python, ["test/fixtures/pickle_peer.py", ...args], options);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

test("random JSON values that Python pickles, in any protocol, are read as the value of their JSON", (t) => {
  const messages = python(["write", "513", "3000"]) as readonly { readonly pickle: string; readonly json: string }[];
  t.is(messages.length, 3_000);
  for (const { pickle, json } of messages) {
    const read = tryUnpickle(Buffer.from(pickle, "base64"), MAX_SIZE);
    if ("rejection" in read) {
      return t.fail(`${read.rejection.reason}: ${read.rejection.detail}: ${pickle}`);
    }
    t.deepEqual(read.value, fromPythonJson(json));
  }
});

test("a mutated pickle that is read is read alike by Python without calling anything", (t) => {
  const accepted: { readonly pickle: string; readonly value: unknown }[] = [];
  for (const frame of mutatedPickles(60_000, 8)) {
    const read = tryUnpickle(frame, MAX_SIZE);
    if (!("rejection" in read)) {
      accepted.push({ pickle: frame.toString("base64"), value: read.value });
    }
  }
  t.true(accepted.length > 1_000);
  const answers = python(["read"], accepted.map(({ pickle }) => `${pickle}\n`).join(""));
  t.is(answers.length, accepted.length);
  for (const [index, { pickle, value }] of accepted.entries()) {
    const answer = answers[index];
    if (typeof answer !== "string") {
      return t.fail(`${JSON.stringify(answer)}: ${pickle}`);
    }
    t.deepEqual(value, fromPythonJson(answer), pickle);
  }
});
