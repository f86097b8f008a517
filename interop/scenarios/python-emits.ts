import assert from "node:assert/strict";
import { PYTHON_PAYLOADS, type Shape } from "./payloads.js";
import { type Context, pythonToNode, type Scenario } from "./scenario.js";

const LAST = "the end";

async function emitShape(shape: Shape, { own, python, nodeClients, pythonClients, received }: Context): Promise<void> {
  const payloads = PYTHON_PAYLOADS.filter((payload) => payload.shape === shape);
  for (const { what, emit } of payloads) {
    await python.request("emit", { event: own(what), ...emit });
  }
  await python.request("emit", { event: own(LAST) });
  for (const client of [...nodeClients, ...pythonClients]) {
    const expected = payloads.map(({ what, args }) => [own(what), ...args]);
    assert.deepEqual(await received(client, LAST), expected);
  }
}

/** Only to a JavaScript client: python-engineio before 4.3 skips an empty attachment. */
async function emitEmptyBytes({ own, python, connectToNode, received }: Context): Promise<void> {
  const client = await connectToNode();
  await python.request("emit", { event: own("no bytes"), data: Buffer.alloc(0) });
  await python.request("emit", { event: own(LAST) });
  assert.deepEqual(await received(client, LAST), [[own("no bytes"), Buffer.alloc(0)]]);
}

const emits = (name: string, shape: Shape, title: string): Scenario =>
  pythonToNode(`emits-${name}`, title, (context) => emitShape(shape, context));

/** Each shape of payload, to clients of each kind on the Node host and on the Python host. */
export const PYTHON_EMITS: readonly Scenario[] = [
  emits("nothing", "no data", "an emit without data, or with None"),
  emits("one-argument", "one argument", "one argument: text, a number, false, empty, nested"),
  emits("list", "a list", "a list, which is one argument"),
  emits("several-arguments", "several arguments", "a tuple, which is several arguments"),
  emits("unicode", "unicode", "non-ASCII text and control characters"),
  emits("numbers", "numbers", "edge cases of numbers"),
  emits("bytes", "bytes", "bytes"),
  pythonToNode("emits-empty-bytes", "empty bytes", emitEmptyBytes),
  emits("bytes-at-depth", "bytes at depth", "bytes in a dict in a list"),
  emits("bytes-among-arguments", "bytes among arguments", "bytes in a tuple, among other arguments"),
];
