import type { TestFn } from "ava";
import { startMuteServer } from "../../helpers/mute-server.js";
import { startLonelyHost } from "./unreachable.js";

/** A broker that accepts connections, and then says nothing. */
export interface MuteBroker {
  /** Completes "a broker that answers nothing: ". */
  readonly title: string;
  /** @param port - another one at each call */
  makeUrl(port: () => Promise<number>): Promise<string>;
  readonly reason: RegExp;
}

/** What a connection may take until it is given up, and some more for a machine that is busy. */
const BOUND_MS = 20_000;

/** What every bus says of it. */
export function testMute<Context>(test: TestFn<Context>, brokers: readonly MuteBroker[]): void {
  for (const { title, makeUrl, reason } of brokers) {
    test(`a broker that answers nothing: ${title}: the reason is told in time, and the bus keeps trying`, async (t) => {
      const since = performance.now();
      const { statuses, errors } = startLonelyHost(t, await makeUrl(() => startMuteServer(t)));
      await statuses.find("an error", ({ type }) => type === "error");
      t.true(performance.now() - since < BOUND_MS);
      await statuses.find("the next attempt", ({ type }) => type === "reconnecting");
      t.regex(errors()[0] ?? "", reason);
      t.false(statuses.items.some(({ type }) => type === "ready"));
    });
  }
}
