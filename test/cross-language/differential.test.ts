import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import fc from "fast-check";
import { Redis } from "ioredis";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { startPythonProgram } from "../../src/testing/python.js";
import { cleanUp } from "../../src/testing/scope.js";
import { type Emit, EXAMPLES, emits, holdsLongInteger } from "../differential/emits.js";
import { type Difference, meaningOf, predictDecoded, predictPassedThrough } from "../differential/node-frame.js";
import { connectRawPolling, connectRawWebSocket, type RawClient, type RawPacket } from "../differential/raw-client.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPeer, testPython } from "../helpers/python.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

/**
 * Compares the bytes that clients of a Python server and of a Node server receive for the same emit of the same Python
 * emitter.
 *
 *     DIFFERENTIAL_PAYLOADS=20000 npx ava build/test/cross-language/differential.test.js
 *     DIFFERENTIAL_SEED=-123 …    repeats the payloads of a run that failed
 */
const PAYLOADS = Number(process.env.DIFFERENTIAL_PAYLOADS ?? 600);
const SEED = process.env.DIFFERENTIAL_SEED;
const BATCH = 50;

const test = testWithBroker<TestBroker>(launchRedis);

/** A client of a Python server, and one of a Node server, of the same kind. */
interface Pair {
  readonly python: RawClient;
  readonly node: RawClient;
}

interface Fleet {
  /** The option of the Node server. */
  readonly passthrough: boolean;
  /** Everything published to the channel. */
  readonly messages: Inbox<string>;
  /** A pair on WebSocket in `/`, and a pair on polling in `/chat`. */
  readonly pairs: Readonly<Record<Emit["namespace"], Pair>>;
  /** @returns for each emit null, or the error if it was not published */
  publish(emits: readonly Emit[]): Promise<readonly (string | null)[]>;
}

async function tapChannel(t: ExecutionContext<TestBroker>, channel: string): Promise<Inbox<string>> {
  const messages = new Inbox<string>();
  const redis = new Redis(t.context.url);
  cleanUp(t, () => redis.disconnect());
  redis.on("message", (_, message) => messages.add(message));
  await redis.subscribe(channel);
  return messages;
}

async function startFleet(t: ExecutionContext<TestBroker>, passthrough: boolean): Promise<Fleet> {
  const queue = t.context.url;
  const channel = ownChannel();
  const messages = await tapChannel(t, channel);
  const node = await startNodeHost(t, queue, { channel, passthrough });
  const python = await startPeer(t, "threaded", queue, channel);
  const publisher = startPythonProgram(testPython(), "publisher.py", [
    ...["--manager", "RedisManager", "--queue", queue, "--channel", channel],
  ]);
  cleanUp(t, () => publisher.end());
  await publisher.event("ready");
  return {
    passthrough,
    messages,
    pairs: {
      "/": {
        python: await connectRawWebSocket(t, python.url, "/"),
        node: await connectRawWebSocket(t, node.url, "/"),
      },
      "/chat": {
        python: await connectRawPolling(t, python.url, "/chat"),
        node: await connectRawPolling(t, node.url, "/chat"),
      },
    },
    publish: async (emits) => (await publisher.request("emit_all", { emits })) as (string | null)[],
  };
}

/** By the number in the event's name. */
function byNumber(packets: readonly RawPacket[]): ReadonlyMap<number, RawPacket> {
  return new Map(packets.map((packet) => [Number(/\["(\d+):/.exec(packet.text)?.[1]), packet]));
}

let barriers = 0;

/** Publishes a batch. @returns what each side received for each emit */
async function send(fleet: Fleet, batch: readonly Emit[]) {
  barriers += 1;
  const barrier = `barrier ${barriers}.`;
  const ends = (["/", "/chat"] as const).map((namespace) => ({ event: barrier, namespace, no_data: true as const }));
  const numbered = batch.map((emit, number) => ({ ...emit, event: `${number}:${emit.event}` }));
  const first = fleet.messages.items.length;
  const errors = await fleet.publish([...numbered, ...ends]);
  const received = async (side: keyof Pair) => {
    const [root, chat] = await Promise.all(ends.map(({ namespace }) => fleet.pairs[namespace][side].upTo(barrier)));
    return byNumber([...(root ?? []), ...(chat ?? [])]);
  };
  await fleet.messages.find(barrier, (message) => message.includes(`"event": "${barrier}"`));
  const published = fleet.messages.items.slice(first);
  const messages = new Map(published.map((message) => [Number(/"event": "(\d+):/.exec(message)?.[1]), message]));
  const [python, node] = await Promise.all([received("python"), received("node")]);
  return batch.map((emit, number) => ({
    emit,
    error: errors[number] ?? null,
    message: messages.get(number),
    python: python.get(number),
    node: node.get(number),
  }));
}

const printable = (packet: RawPacket | undefined) =>
  packet && { text: packet.text, attachments: packet.attachments.map((bytes) => bytes.toString("base64")) };

/** The first column of the table. */
function documented(): readonly Difference[] {
  const page = readFileSync("docs/differences.md", "utf8");
  const [, section = ""] = page.split("\n## Bytes of a frame\n");
  return [...(section.split("\n## ")[0]?.matchAll(/^\| `([a-z-]+)` \|/gm) ?? [])].map(([, name]) => name as Difference);
}

/** @throws AssertionError for a difference that was not predicted */
async function compare(fleet: Fleet, batch: readonly Emit[], seen: Set<Difference>): Promise<void> {
  for (const { emit, error, message, python, node } of await send(fleet, batch)) {
    if (error !== null) {
      assert.deepEqual([printable(python), printable(node)], [undefined, undefined], error);
      continue;
    }
    if (python === undefined) {
      assert.ok(holdsLongInteger(emit), `lost by the Python server: ${JSON.stringify(emit)}`);
      seen.add("long-integer");
      continue;
    }
    const { packet, differences } =
      (fleet.passthrough && predictPassedThrough(python, message as string)) || predictDecoded(python);
    assert.deepEqual(printable(node), printable(packet));
    if (node !== undefined && !differences.has("not-a-number")) {
      assert.deepEqual(meaningOf(node), meaningOf(python));
    }
    for (const difference of differences) {
      seen.add(difference);
    }
  }
}

const batches = fc.array(emits, { minLength: 1, maxLength: BATCH, size: "max" });

const seen = new Set<Difference>();

for (const passthrough of [true, false]) {
  const how = passthrough ? "" : ", without passthrough";
  test.serial(
    `a client of a Node server receives what a client of a Python server receives, except for documented differences${how}`,
    async (t) => {
      const fleet = await startFleet(t, passthrough);
      let payloads = 0;
      await fc.assert(
        fc.asyncProperty(batches, async (batch) => {
          payloads += batch.length;
          await compare(fleet, batch, seen);
        }),
        {
          includeErrorInReport: true,
          numRuns: Math.ceil(PAYLOADS / (BATCH / 2)),
          examples: [[[...EXAMPLES]]],
          ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        },
      );
      t.log(`${payloads} payloads`);
      t.pass();
    },
  );
}

test.serial("every documented difference was seen, and no other", (t) => {
  t.deepEqual([...seen].sort(), [...documented()].sort());
});
