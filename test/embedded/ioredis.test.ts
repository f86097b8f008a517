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
  test(`ioredis over RESP${protocol}: handshake with password, name and database, and the ready check`, async (t) => {
    const { url } = await startBroker(t, { password: "p%ss word" });
    const redis = client(t, url, { protocol, connectionName: "me", db: 5 });
    t.is(await redis.ping(), "PONG");
    t.is(await redis.client("GETNAME"), "me");
    const line = String(await redis.client("INFO"));
    t.regex(line, new RegExp(` db=5 .* resp=${protocol} lib-name=ioredis lib-ver=6`));
    t.is(await redis.quit(), "OK");
  });

  test(`ioredis over RESP${protocol}: channels, patterns and bytes`, async (t) => {
    const { url } = await startBroker(t);
    const [listener, publisher] = [client(t, url, { protocol }), client(t, url, { protocol })];
    const inbox = new Inbox<readonly string[]>();
    listener.on("messageBuffer", (channel: Buffer, payload: Buffer) => {
      inbox.add(["message", channel.toString("latin1"), payload.toString("latin1")]);
    });
    listener.on("pmessageBuffer", (pattern: string, channel: Buffer, payload: Buffer) => {
      inbox.add(["pmessage", pattern, channel.toString("latin1"), payload.toString("latin1")]);
    });
    t.is(await listener.subscribe("a", "b"), 2);
    t.is(await listener.psubscribe("c.*"), 3);
    t.is(await publisher.publish("a", Buffer.of(0, 255, 13, 10)), 1);
    t.is(await publisher.publish("c.d", "pattern"), 1);
    t.is(await publisher.publish("d", "nobody"), 0);
    t.is(await listener.unsubscribe("a"), 2);
    t.is(await publisher.publish("a", "too late"), 0);
    t.is(await publisher.publish("b", "last"), 1);
    await inbox.find("the last message", ([, , payload]) => payload === "last");
    t.deepEqual(inbox.items, [
      ["message", "a", "\0\xff\r\n"],
      ["pmessage", "c.*", "c.d", "pattern"],
      ["message", "b", "last"],
    ]);
    // What a subscriber gets over RESP2 is the array that the broker sends; the types of ioredis do not know it.
    t.deepEqual<unknown, unknown>(await listener.ping(), protocol === 3 ? "PONG" : ["pong", ""]);
    t.is(await listener.punsubscribe("c.*"), 1);
    t.is(await listener.unsubscribe(), 0);
    t.is(await listener.publish("a", "x"), 0);
  });

  test(`ioredis over RESP${protocol}: pipelines, and errors that say what is missing`, async (t) => {
    const { url } = await startBroker(t);
    const redis = client(t, url, { protocol });
    const results = await redis.pipeline().publish("a", "1").get("key").ping().exec();
    t.deepEqual(
      results?.map(([error, result]) => error?.message ?? result),
      [
        0,
        "ERR unknown command 'get', with args beginning with: 'key' (the embedded development broker knows pub/sub only; use a real Redis for the rest)",
        "PONG",
      ],
    );
  });

  test(`ioredis over RESP${protocol}: a wrong password is an error of its own`, async (t) => {
    const { port } = await startBroker(t, { password: "right" });
    const redis = client(t, `redis://:wrong@127.0.0.1:${port}`, { protocol, lazyConnect: true });
    const errors = new Inbox<Error>();
    redis.on("error", (error: Error) => errors.add(error));
    await t.throwsAsync(redis.connect());
    const { message } = await errors.find("an error", () => true);
    t.regex(message, /^WRONGPASS/);
  });
}
