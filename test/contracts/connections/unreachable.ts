import type { ExecutionContext, TestFn } from "ava";
import { Server } from "socket.io";
import { type AdapterOptions, type BridgeAdapter, type BusStatus, createAdapter } from "../../../src/index.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";

/** So many that what is told with each attempt would not be missed. */
const ATTEMPTS = 12;

export interface Unreachable<Context> {
  /** Completes "a broker is out of reach: ". */
  readonly title: string;
  makeUrl(t: ExecutionContext<Context>): string | Promise<string>;
  /** One for each error that is to be told. */
  readonly reasons: readonly RegExp[];
}

/** A host of the fleet that may never be ready, with what it reports. */
export function startLonelyHost(t: ExecutionContext, url: string, options: AdapterOptions = {}) {
  const log: string[] = [];
  const logger = { info: (line: string) => log.push(line), warn: (line: string) => log.push(line) };
  const adapter: BridgeAdapter = createAdapter(url, { channel: ownChannel(), logger, ...options });
  const statuses = new Inbox<BusStatus>();
  adapter.onStatus((status) => statuses.add(status));
  const io = new Server(0, { adapter });
  cleanUp(t, () => io.close());
  const errors = () => statuses.items.flatMap((status) => (status.type === "error" ? [status.error.message] : []));
  return { adapter, io, log, statuses, errors };
}

/** What every bus says of a broker that stays out of reach. */
export function testUnreachable<Context>(test: TestFn<Context>, brokers: readonly Unreachable<Context>[]): void {
  for (const { title, makeUrl, reasons } of brokers) {
    test(`a broker is out of reach: ${title}: each reason is told once, and each attempt is counted`, async (t) => {
      const { statuses, errors, log } = startLonelyHost(t, await makeUrl(t));
      await statuses.find("the last attempt", ({ type, ...more }) => {
        return type === "reconnecting" && (more as { attempt: number }).attempt === ATTEMPTS;
      });
      const told = errors();
      t.is(told.length, reasons.length, told.join("\n"));
      for (const reason of reasons) {
        t.true(
          told.some((message) => reason.test(message)),
          `${reason}: ${told.join("\n")}`,
        );
      }
      const attempts = statuses.items.flatMap((status) => (status.type === "reconnecting" ? [status.attempt] : []));
      t.deepEqual(
        attempts,
        [...attempts.keys()].map((index) => index + 1),
      );
      t.deepEqual(
        [...log].sort(),
        [...told, "no connection to the broker; trying again"].map((line) => `[socketio-python-bridge] ${line}`).sort(),
      );
    });
  }
}
