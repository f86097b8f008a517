import test from "ava";
import type { Backend } from "../../src/edge/backend.js";
import { Backends } from "../../src/edge/backends.js";
import type { Body } from "../../src/edge/body.js";
import { cleanUp } from "../../src/testing/scope.js";

test("calls that come at the same moment take no more places than there are, and the others follow", async (t) => {
  let running = 0;
  let most = 0;
  const held: (() => void)[] = [];
  const backend = {
    name: "workers",
    describe: async () => ({ revision: "1", alwaysConnect: false, inOrder: true, handlers: new Map() }),
    call: async (): Promise<Body> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => held.push(resolve));
      running -= 1;
      return { head: { revision: "1" }, args: [] };
    },
    close: () => {},
  } as unknown as Backend;
  const backends = new Backends([backend], {
    ...{ maxCalls: 2, timeout: 60_000, onChanged: () => {}, onAway: () => t.fail(), onBack: () => {} },
  });
  cleanUp(t, () => backends.close());
  await backends.ready();
  const options = { name: "event", deadline: performance.now() + 60_000, isRepeatable: false };
  let ended = 0;
  const calls = Array.from({ length: 20 }, () =>
    backends.call(Buffer.alloc(0), options).then(() => {
      ended += 1;
    }),
  );
  while (ended < calls.length) {
    held.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(calls);
  t.is(most, 2);
});
