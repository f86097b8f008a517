import { getEventListeners } from "node:events";
import test from "ava";
import { pause } from "../../src/util/pause.js";

test("a pause ends after its time, or with the signal, and leaves nothing on the signal", async (t) => {
  const controller = new AbortController();
  await pause(1, controller.signal);
  t.is(getEventListeners(controller.signal, "abort").length, 0);
  const long = pause(60_000, controller.signal);
  controller.abort();
  await long;
  await pause(60_000, controller.signal);
  t.is(getEventListeners(controller.signal, "abort").length, 0);
});
