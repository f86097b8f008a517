import type { ExecutionContext } from "ava";
import test from "ava";
import { assertReply, connectTo, type RawClient, request, startBroker } from "./raw-client.js";

const push = (mark: string, ...items: readonly (string | number)[]): string => {
  const encoded = items.map((item) => (typeof item === "number" ? `:${item}\r\n` : `$${item.length}\r\n${item}\r\n`));
  return `${mark}${items.length}\r\n${encoded.join("")}`;
};

async function speaker(t: ExecutionContext, port: number, protocol: 2 | 3): Promise<RawClient> {
  const client = await connectTo(t, port);
  if (protocol === 3) {
    client.request("HELLO", "3");
    await client.takeUntil("modules\r\n*0\r\n");
  }
  return client;
}

for (const protocol of [2, 3] as const) {
  const mark = protocol === 3 ? ">" : "*";

  test(`RESP${protocol}: channels are confirmed one by one, with their count`, async (t) => {
    const { port } = await startBroker(t);
    const client = await speaker(t, port, protocol);
    const steps: readonly (readonly [readonly string[], string])[] = [
      [
        ["SUBSCRIBE", "a", "b", "a"],
        push(mark, "subscribe", "a", 1) + push(mark, "subscribe", "b", 2) + push(mark, "subscribe", "a", 2),
      ],
      [["UNSUBSCRIBE", "b", "never"], push(mark, "unsubscribe", "b", 1) + push(mark, "unsubscribe", "never", 1)],
      [["UNSUBSCRIBE"], push(mark, "unsubscribe", "a", 0)],
    ];
    for (const [args, reply] of steps) {
      await assertReply(t, client, args, reply);
    }
  });

  test(`RESP${protocol}: names and payloads are bytes`, async (t) => {
    const { port } = await startBroker(t);
    const [listener, publisher] = [await speaker(t, port, protocol), await connectTo(t, port)];
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    await assertReply(
      t,
      listener,
      ["SUBSCRIBE", every, ""],
      push(mark, "subscribe", every, 1) + push(mark, "subscribe", "", 2),
    );
    await assertReply(t, publisher, ["PUBLISH", every, every], ":1\r\n");
    await assertReply(t, publisher, ["PUBLISH", "", "\r\n"], ":1\r\n");
    const expected = push(mark, "message", every, every) + push(mark, "message", "", "\r\n");
    t.is(await listener.take(expected), expected);
  });
}

test("PUBLISH and NUMSUB count subscribers, without those that have left", async (t) => {
  const { port } = await startBroker(t);
  const [one, other, asking] = [await connectTo(t, port), await speaker(t, port, 3), await connectTo(t, port)];
  await assertReply(t, one, ["SUBSCRIBE", "a"], push("*", "subscribe", "a", 1));
  await assertReply(t, other, ["SUBSCRIBE", "a", "b"], push(">", "subscribe", "a", 1) + push(">", "subscribe", "b", 2));
  await assertReply(t, asking, ["PUBLISH", "a", "x"], ":2\r\n");
  await assertReply(t, asking, ["PUBSUB", "NUMSUB", "a", "b", "c"], push("*", "a", 2, "b", 1, "c", 0));
  other.request("QUIT");
  await other.rest();
  await assertReply(t, asking, ["PUBLISH", "a", "x"], ":1\r\n");
  await assertReply(t, asking, ["PUBSUB", "NUMSUB", "a", "b"], push("*", "a", 1, "b", 0));
});

test("after UNSUBSCRIBE no more messages arrive", async (t) => {
  const { port } = await startBroker(t);
  const [listener, publisher] = [await connectTo(t, port), await connectTo(t, port)];
  await assertReply(
    t,
    listener,
    ["SUBSCRIBE", "a", "b"],
    push("*", "subscribe", "a", 1) + push("*", "subscribe", "b", 2),
  );
  await assertReply(t, listener, ["UNSUBSCRIBE", "a"], push("*", "unsubscribe", "a", 1));
  await assertReply(t, publisher, ["PUBLISH", "a", "x"], ":0\r\n");
  await assertReply(t, publisher, ["PUBLISH", "b", "barrier"], ":1\r\n");
  const barrier = push("*", "message", "b", "barrier");
  t.is(await listener.take(barrier), barrier);
});

test("pipelined messages keep their order, on every subscriber", async (t) => {
  const { port } = await startBroker(t);
  const listeners = [await speaker(t, port, 2), await speaker(t, port, 3), await speaker(t, port, 2)];
  for (const listener of listeners) {
    listener.request("SUBSCRIBE", "a");
    await listener.takeUntil(":1\r\n");
  }
  const publisher = await connectTo(t, port);
  const texts = Array.from({ length: 5000 }, (_, number) => String(number));
  publisher.send(Buffer.concat(texts.map((text) => request("PUBLISH", "a", text))));
  const counts = ":3\r\n".repeat(texts.length);
  t.is(await publisher.take(counts), counts);
  for (const [index, listener] of listeners.entries()) {
    const expected = texts.map((text) => push(index === 1 ? ">" : "*", "message", "a", text)).join("");
    t.is(await listener.take(expected), expected);
  }
});

test("a message of 20 MiB arrives whole", async (t) => {
  const { port } = await startBroker(t);
  const [listener, publisher] = [await connectTo(t, port), await connectTo(t, port)];
  await assertReply(t, listener, ["SUBSCRIBE", "a"], push("*", "subscribe", "a", 1));
  const payload = Buffer.alloc(20 * 1024 * 1024, "0123456789abcdef\0");
  await assertReply(t, publisher, ["PUBLISH", "a", payload], ":1\r\n");
  const expected = push("*", "message", "a", payload.toString("latin1"));
  t.true((await listener.take(expected)) === expected);
});
