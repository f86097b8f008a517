import type { ExecutionContext, TestFn } from "ava";
import { startScript } from "../../helpers/process.js";
import { moduleUrl } from "../../helpers/run-from.js";

/** A broker, or what stands in its place, to which no connection succeeds. */
export interface ClosedDoor<Context> {
  /** Completes "close() at any moment of a connection to ". */
  readonly title: string;
  makeUrl(t: ExecutionContext<Context>): string | Promise<string>;
}

/** A timer or a socket that was left would stay for the seconds that its connection may take. */
const AT_ONCE_MS = 1_000;

const REPETITIONS = 40;

/** Connecting over loopback takes a few milliseconds, with TLS some more. */
const LONGEST_MS = 25;

/** Closes its buses at moments that are spread evenly, and prints for how long it stays when the last one is closed. */
const SCRIPT = `
  import { setTimeout } from "node:timers/promises";
  import { openBus } from ${JSON.stringify(moduleUrl("src/bus/open.ts").href)};
  const [, url] = process.argv;
  const codes = new Set();
  for (let turn = 0; turn < ${REPETITIONS}; turn += 1) {
    const bus = openBus(url, "socketio", {});
    const subscribed = bus.subscribe("ending", () => {}).catch(({ code }) => codes.add(code));
    await setTimeout((${LONGEST_MS} * turn) / ${REPETITIONS});
    await bus.close();
    await subscribed;
  }
  const closed = performance.now();
  process.on("exit", () => console.log(JSON.stringify({ codes: [...codes], stayed: performance.now() - closed })));`;

/** What a bus leaves behind that is closed while it connects: nothing, and no error that ends the process. */
export function testEarlyClose<Context>(test: TestFn<Context>, doors: readonly ClosedDoor<Context>[]): void {
  for (const { title, makeUrl } of doors) {
    test.serial(
      `close() at any moment of a connection to ${title} leaves nothing that keeps the process or ends it`,
      async (t) => {
        const program = startScript(t, SCRIPT, [await makeUrl(t)]);
        const end = await program.exited();
        t.deepEqual(program.stderr.items, []);
        t.is(end, 0);
        const { codes, stayed } = JSON.parse(program.stdout.items.join(""));
        t.deepEqual(codes, ["BRIDGE_CLOSED"]);
        t.true(stayed < AT_ONCE_MS, `stayed for ${Math.round(stayed)} ms`);
      },
    );
  }
}
