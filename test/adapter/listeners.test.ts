import test from "ava";
import { startNodeHost } from "../helpers/node-host.js";
import { captureBus } from "./captured-bus.js";

type Captured = ReturnType<typeof captureBus>;

/** What calls the listeners of each. */
const CAUSES = {
  onStatus: ({ report }: Captured) => report({ type: "connecting" }),
  onRejected: ({ receive }: Captured) => receive("socketio", "[]"),
  onEmit: ({ receive }: Captured) => receive("socketio", '{"method": "emit", "event": "e", "data": null}'),
} as const;

for (const method of ["onStatus", "onRejected", "onEmit"] as const) {
  test(`${method} returns a function that unsubscribes, which a listener may call itself`, async (t) => {
    const captured = captureBus();
    const { adapter } = await startNodeHost(t, captured.bus, {});
    const called: string[] = [];
    const unsubscribe = adapter[method](() => called.push("first"));
    const unsubscribeItself = adapter[method](() => {
      called.push("once");
      unsubscribeItself();
    });
    adapter[method](() => called.push("last"));
    CAUSES[method](captured);
    t.deepEqual(called, ["first", "once", "last"]);
    CAUSES[method](captured);
    t.deepEqual(called.splice(0), ["first", "once", "last", "first", "last"]);
    unsubscribe();
    unsubscribe();
    CAUSES[method](captured);
    t.deepEqual(called, ["last"]);
  });
}
