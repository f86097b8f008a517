import assert from "node:assert/strict";
import { NODE_PAYLOADS, type Shape } from "./payloads.js";
import { type Context, nodeToPython, type Scenario } from "./scenario.js";

const LAST = "the end";

async function emitShape(shape: Shape, { own, node, emitter, pythonClients, received }: Context): Promise<void> {
  const payloads = NODE_PAYLOADS.filter((payload) => payload.shape === shape);
  const byEmitter = (what: string) => own(`${what}, by an emitter`);
  for (const { what, args } of payloads) {
    node.io.emit(own(what), ...args);
    await emitter.emit(byEmitter(what), ...args);
  }
  // Only the emits of one sender are in order.
  node.io.emit(own(LAST));
  await emitter.emit(byEmitter(LAST));
  for (const client of pythonClients) {
    const all = await received(client, LAST, `${LAST}, by an emitter`);
    const sent = payloads.flatMap(({ what, args, received = args }) => [
      [own(what), ...received],
      [byEmitter(what), ...received],
    ]);
    assert.deepEqual(byName(all), byName(sent));
  }
}

function byName(events: readonly (readonly unknown[])[]) {
  return events.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

const emits = (name: string, shape: Shape, title: string): Scenario =>
  nodeToPython(`emits-${name}`, title, (context) => emitShape(shape, context));

/** Each shape of payload, from a Node host and a Node emitter, to clients of each kind on the Python host. */
export const NODE_EMITS: readonly Scenario[] = [
  emits("nothing", "no data", "an emit without arguments, or with null"),
  emits("one-argument", "one argument", "one argument: text, false, an object, a date"),
  emits("array", "a list", "an array, which is one argument"),
  emits("several-arguments", "several arguments", "several arguments"),
  emits("unicode", "unicode", "non-ASCII text and control characters"),
  emits("numbers", "numbers", "edge cases of numbers"),
  emits("bytes", "bytes", "a buffer"),
  emits("bytes-at-depth", "bytes at depth", "buffers and typed arrays in an object"),
  emits("bytes-among-arguments", "bytes among arguments", "buffers among other arguments"),
];
