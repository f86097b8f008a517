import type { ExecutionContext } from "ava";
import test from "ava";
import { Redis, type RedisOptions } from "ioredis";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startBroker } from "./raw-client.js";

function client(t: ExecutionContext, url: string, options: Omit<RedisOptions, "replyMapping">): Redis {
  const redis = new Redis(url, options);
  cleanUp(t, () => redis.disconnect());
  return redis;
}

for (const protocol of [2, 3] as const) {
  test(`ioredis over RESP${protocol}: handshake with name and database, and the ready check`, async (t) => {
    const { url } = await startBroker(t);
    const redis = client(t, url, { protocol, connectionName: "me", db: 5 });
    t.is(await redis.ping(), "PONG");
    t.is(await redis.quit(), "OK");
  });

  test(`ioredis over RESP${protocol}: a password that is not required does no harm`, async (t) => {
    const { url } = await startBroker(t);
    const redis = client(t, url, { protocol, username: "default", password: "p%ss word" });
    t.is(await redis.ping(), "PONG");
  });

  test(`ioredis over RESP${protocol}: channels and bytes`, async (t) => {
    const { url } = await startBroker(t);
    const [listener, publisher] = [client(t, url, { protocol }), client(t, url, { protocol })];
    const inbox = new Inbox<readonly string[]>();
    listener.on("messageBuffer", (channel: Buffer, payload: Buffer) => {
      inbox.add(["message", channel.toString("latin1"), payload.toString("latin1")]);
    });
    t.is(await listener.subscribe("a", "b"), 2);
    t.is(await publisher.publish("a", Buffer.of(0, 255, 13, 10)), 1);
    t.is(await publisher.publish("d", "nobody"), 0);
    t.is(await listener.unsubscribe("a"), 1);
    t.is(await publisher.publish("a", "too late"), 0);
    t.is(await publisher.publish("b", "last"), 1);
    await inbox.find("the last message", ([, , payload]) => payload === "last");
    t.deepEqual(inbox.items, [
      ["message", "a", "\0\xff\r\n"],
      ["message", "b", "last"],
    ]);
    // Over RESP2 a subscriber gets the array that the broker sends, which the types of ioredis do not allow for.
    t.deepEqual<unknown, unknown>(await listener.ping(), protocol === 3 ? "PONG" : ["pong", ""]);
    t.is(await listener.unsubscribe(), 0);
    t.is(await listener.publish("a", "x"), 0);
  });

  test(`ioredis over RESP${protocol}: pipelines, and errors that name what is missing`, async (t) => {
    const { url } = await startBroker(t);
    const redis = client(t, url, { protocol });
    const results = await redis.pipeline().publish("a", "1").get("key").ping().exec();
    t.deepEqual(
      results?.map(([error, result]) => error?.message ?? result),
      [
        0,
        "ERR unknown command 'get' (the embedded development broker knows pub/sub only; use a real Redis for the rest)",
        "PONG",
      ],
    );
  });
}
