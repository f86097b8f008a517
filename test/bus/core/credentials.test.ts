import test from "ava";
import { type AskCredentials, credentialsAsker } from "../../../src/bus/core/credentials.js";
import { BridgeError } from "../../../src/errors.js";

const makeAsk = (...args: Parameters<typeof credentialsAsker>) => credentialsAsker(...args) as AskCredentials;

const never = () => new Promise<never>(() => {});

test("a function that never answers is given up, and asked again", async (t) => {
  let asked = 0;
  const ask = makeAsk(() => {
    asked += 1;
    return asked < 3 ? never() : { password: "pw" };
  }, 20);
  for (const _ of [1, 2]) {
    await t.throwsAsync(ask(new AbortController().signal), {
      instanceOf: BridgeError,
      code: "BRIDGE_BROKER_UNAVAILABLE",
      message: "credentials() failed: nothing within 0.02 s",
    });
  }
  t.deepEqual(await ask(new AbortController().signal), { username: undefined, password: "pw" });
});

test("whoever closes the bus does not wait", async (t) => {
  const closing = new AbortController();
  const asked = makeAsk(never)(closing.signal);
  closing.abort();
  await t.throwsAsync(asked, { message: "credentials() failed: it is no longer wanted" });
});

test("what answers too late, and badly, is nobody's unhandled rejection", async (t) => {
  let answer = (_: Error): void => {};
  const late = new Promise<never>((_, reject) => {
    answer = reject;
  });
  await t.throwsAsync(makeAsk(() => late, 1)(new AbortController().signal));
  answer(new Error("too late"));
  // AVA fails a file that has an unhandled rejection.
  await new Promise((resolve) => setImmediate(resolve));
});
