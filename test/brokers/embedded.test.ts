import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { ExecutionContext } from "ava";
import test from "ava";
import { Redis } from "ioredis";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { assertReply, connectTo, startBroker } from "../embedded/raw-client.js";

type Program = ChildProcessByStdio<Writable, Readable, null>;

function start(t: ExecutionContext, command: string, args: readonly string[]): Program {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  cleanUp(t, () => child.kill("SIGKILL"));
  return child;
}

/** What the program writes to its standard output until it ends by itself. */
async function output(child: Program): Promise<string> {
  const [written, [code]] = await withTimeout(
    "the program to end",
    Promise.all([text(child.stdout), once(child, "exit")]),
  );
  if (code !== 0) {
    throw new Error(`the program ended with ${code}: ${written}`);
  }
  return written;
}

/** Runs a program that prints JSON, one value a line, and gives the values. */
async function python(t: ExecutionContext, source: string, ...args: readonly string[]): Promise<unknown[]> {
  const written = await output(start(t, testEnvironment().python, ["-c", source, ...args]));
  return written
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

function redisCli(t: ExecutionContext, port: number, ...args: readonly string[]): Program {
  const [command, ...before] = testEnvironment().redisCli;
  return start(t, command, [...before, "-p", String(port), ...args]);
}

/** `tell` prints what redis-py gives as JSON, with bytes as latin1. */
const COMMON = `
import json, sys
import redis

def said(value):
    if isinstance(value, bytes):
        return value.decode("latin1")
    if isinstance(value, dict):
        return {said(key): said(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [said(entry) for entry in value]
    return value

def tell(value):
    print(json.dumps(said(value)), flush=True)

url, protocol = sys.argv[1], int(sys.argv[2])
every = bytes(range(256))
`;

const SYNC = `${COMMON}
client = redis.Redis.from_url(url, protocol=protocol, client_name="me", db=4)
tell([client.ping(), client.info()["loading"]])
pubsub = client.pubsub()
pubsub.subscribe("a", every)
tell([pubsub.get_message(timeout=30) for _ in range(2)])
tell([client.publish("a", "text"), client.publish(every, every), client.publish("nyx", "")])
tell([pubsub.get_message(timeout=30) for _ in range(2)])
pubsub.ping("still there")
tell(pubsub.get_message(timeout=30))
tell(client.pubsub_numsub("a", "b"))
pubsub.unsubscribe()
tell([pubsub.get_message(timeout=30)["data"] for _ in range(2)])
tell(client.pipeline(transaction=False).publish("a", 1).ping().execute())
try:
    client.lpush("celery", "task")
except redis.ResponseError as error:
    tell(str(error))
pubsub.close()
client.close()
`;

const ASYNC = `${COMMON}
import asyncio
import redis.asyncio

async def main():
    client = redis.asyncio.Redis.from_url(url, protocol=protocol, client_name="me", db=4)
    tell([await client.ping(), (await client.info())["loading"]])
    pubsub = client.pubsub()
    await pubsub.subscribe("a", every)
    tell([await pubsub.get_message(timeout=30) for _ in range(2)])
    tell([await client.publish(*args) for args in (("a", "text"), (every, every), ("nyx", ""))])
    tell([await pubsub.get_message(timeout=30) for _ in range(2)])
    await pubsub.ping("still there")
    tell(await pubsub.get_message(timeout=30))
    tell(await client.pubsub_numsub("a", "b"))
    await pubsub.unsubscribe()
    tell([(await pubsub.get_message(timeout=30))["data"] for _ in range(2)])
    tell(await client.pipeline(transaction=False).publish("a", 1).ping().execute())
    try:
        await client.lpush("celery", "task")
    except redis.ResponseError as error:
        tell(str(error))
    await pubsub.aclose()
    await client.aclose()

asyncio.run(main())
`;

const EVERY = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
const event = (type: string, pattern: string | null, channel: string | null, data: unknown): unknown => ({
  type,
  pattern,
  channel,
  data,
});

for (const [flavour, source] of Object.entries({ sync: SYNC, asyncio: ASYNC })) {
  for (const protocol of [2, 3] as const) {
    test(`redis-py (${flavour}) over RESP${protocol} feels at home`, async (t) => {
      const { url } = await startBroker(t);
      t.deepEqual(await python(t, source, url, String(protocol)), [
        [true, 0],
        [event("subscribe", null, "a", 1), event("subscribe", null, EVERY, 2)],
        [1, 1, 0],
        [event("message", null, "a", "text"), event("message", null, EVERY, EVERY)],
        event("pong", null, null, "still there"),
        [
          ["a", 1],
          ["b", 0],
        ],
        [1, 0],
        [0, true],
        "unknown command 'LPUSH' (the embedded development broker knows pub/sub only; use a real Redis for the rest)",
      ]);
    });
  }
}

const LISTENER = `${COMMON}
pubsub = redis.Redis.from_url(url, protocol=protocol).pubsub()
pubsub.subscribe("a")
for message in pubsub.listen():
    tell(message)
    if message["data"] == b"end":
        break
`;

for (const protocol of [2, 3] as const) {
  test(`what ioredis publishes reaches a listening redis-py over RESP${protocol}`, async (t) => {
    const { url } = await startBroker(t);
    const publisher = new Redis(url);
    cleanUp(t, () => publisher.disconnect());
    const listener = start(t, testEnvironment().python, ["-c", LISTENER, url, String(protocol)]);
    const lines = new Inbox<string>();
    createInterface({ input: listener.stdout }).on("line", (line) => lines.add(line));
    await lines.find("the subscription", (line) => line.includes('"subscribe"'));
    const large = Buffer.alloc(1024 * 1024, EVERY, "latin1");
    t.is(await publisher.publish("a", large), 1);
    t.is(await publisher.publish("a", "end"), 1);
    await lines.find("the last message", (line) => line.includes('"end"'));
    t.deepEqual(
      lines.items.slice(1).map((line) => JSON.parse(line) as unknown),
      [event("message", null, "a", large.toString("latin1")), event("message", null, "a", "end")],
    );
  });
}

const WRITE_ONLY = `
import json, sys
import socketio

manager = socketio.RedisManager(sys.argv[1], channel="fleet", write_only=True)
manager.emit("news", {"a": 1}, room="r")
print(json.dumps("sent"))
`;

test("a write-only manager of python-socketio emits through it", async (t) => {
  const { url } = await startBroker(t);
  const listener = new Redis(url);
  cleanUp(t, () => listener.disconnect());
  const inbox = new Inbox<string>();
  listener.on("messageBuffer", (_channel: Buffer, payload: Buffer) => inbox.add(payload.toString("latin1")));
  await listener.subscribe("fleet");
  t.deepEqual(await python(t, WRITE_ONLY, url), ["sent"]);
  t.regex(await inbox.find("the emit", () => true), /method.*emit.*news/s);
});

test("redis-cli: single commands, in RESP2 and RESP3", async (t) => {
  const { port } = await startBroker(t);
  t.is(await output(redisCli(t, port, "PING")), "PONG\n");
  t.is(await output(redisCli(t, port, "-3", "PING", "hello")), "hello\n");
  t.is(await output(redisCli(t, port, "-n", "3", "PUBLISH", "a", "b")), "0\n");
  t.regex(await output(redisCli(t, port, "INFO")), /redis_version:\d/);
  t.regex(await output(redisCli(t, port, "GET", "key")), /^ERR unknown command 'GET'.*embedded development broker/);
});

test("redis-cli: a password that is not required does no harm", async (t) => {
  const { port } = await startBroker(t);
  const login = ["--no-auth-warning", "--user", "default", "--pass", "secret"];
  t.is(await output(redisCli(t, port, ...login, "PING")), "PONG\n");
  t.is(await output(redisCli(t, port, "-3", ...login, "PING")), "PONG\n");
});

test("redis-cli: a session on its standard input", async (t) => {
  const { port } = await startBroker(t);
  const cli = redisCli(t, port);
  cli.stdin.end('PING\nPUBLISH a "b c"\nHELLO 3\nPING "last one"\n');
  const written = await output(cli);
  t.regex(written, /^PONG\n0\n/);
  t.regex(written, /last one\n$/);
});

for (const resp of [2, 3] as const) {
  test(`redis-cli: SUBSCRIBE over RESP${resp} shows what is published`, async (t) => {
    const { port } = await startBroker(t);
    const cli = redisCli(t, port, `-${resp}`, "SUBSCRIBE", "news");
    const lines = new Inbox<string>();
    createInterface({ input: cli.stdout }).on("line", (line) => lines.add(line));
    await lines.find("the subscription", (line) => line.endsWith("1"));
    const publisher = await connectTo(t, port);
    await assertReply(t, publisher, ["PUBLISH", "news", "hello"], ":1\r\n");
    await lines.find("the message", (line) => line.includes("hello"));
    t.deepEqual(lines.items, ["subscribe", "news", "1", "message", "news", "hello"]);
  });
}
