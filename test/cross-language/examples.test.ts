import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { io as connect } from "socket.io-client";
import { startKafka } from "../../scripts/environment/brokers/kafka.js";
import { startRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis, startRedis } from "../../scripts/environment/brokers/redis.js";
import { startForwarder } from "../../scripts/environment/brokers/zmq.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { createEmitter } from "../../src/emitter/create-emitter.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { tuple } from "../../src/testing/typed-json.js";
import { connectClient, connectPatiently } from "../helpers/clients.js";
import { countBlocks, type Example, examplesOf, typeErrors, writeExample } from "../helpers/examples.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startCli, startNode, startProcess, startPython } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { returningClient } from "../helpers/returning-client.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

const PAGES = [
  "README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const EXAMPLES = PAGES.flatMap(examplesOf);

function example(page: string, name: string): Example {
  const found = EXAMPLES.find((one) => one.page === page && one.name === name);
  if (found === undefined) {
    throw new Error(`${page} has no example ${name}`);
  }
  return found;
}

test("every block of code in the pages is an example with a name, and is run by a test", (t) => {
  for (const page of PAGES) {
    t.is(countBlocks(page, ["ts", "js", "python"]), examplesOf(page).length, page);
  }
  const source = ["examples", "edge-page"]
    .map((name) => readFileSync(`test/cross-language/${name}.test.ts`, "utf8"))
    .join();
  for (const { page, name } of EXAMPLES) {
    t.true(source.includes(`"${page}", "${name}"`), `${page} ${name}`);
  }
});

test("the TypeScript examples agree with the types of the package", (t) => {
  t.deepEqual(typeErrors(EXAMPLES.filter(({ language }) => language === "ts")), []);
});

/** Starts an example that is a server, and waits until it can be connected to. */
async function startServer(t: ExecutionContext, one: Example, queue: string): Promise<string> {
  const port = await freePort();
  startNode(t, [writeExample(one, queue, port)]);
  return `http://127.0.0.1:${port}`;
}

/** Runs an example that ends by itself. */
async function runToEnd(t: ExecutionContext, one: Example, queue: string, python?: string): Promise<void> {
  const file = writeExample(one, queue);
  const run = one.language === "python" ? startPython(t, [file], {}, python) : startNode(t, [file]);
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
}

/** Each on a Redis of its own, since they use the channels that they show. */
test.serial("README: a Node server, a Python worker, a Node emitter and a shell", async (t) => {
  const redis = await startRedis(t);
  const url = await startServer(t, example("README.md", "server.ts"), redis.url);
  const client = await connectPatiently(t, url);
  await runToEnd(t, example("README.md", "task.py"), redis.url);
  await runToEnd(t, example("README.md", "emitter.ts"), redis.url);
  const line = /npx socketio-python-bridge (emit progress .*)/.exec(readFileSync("README.md", "utf8"))?.[1] ?? "";
  const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
  t.is(await startCli(t, [...words, "--queue", redis.url]).exited(), 0);
  await client.find(["progress", { job: 7, percent: 44 }]);
  t.deepEqual(client.received(), [
    ["progress", { job: 7, percent: 42 }],
    ["progress", { job: 7, percent: 43 }],
    ["progress", { job: 7, percent: 44 }],
  ]);
});

test.serial("docs/add-a-node.md: two channels", async (t) => {
  const redis = await startRedis(t);
  const client = await connectPatiently(
    t,
    await startServer(t, example("docs/add-a-node.md", "two-channels.ts"), redis.url),
  );
  const publisher = new Redis(redis.url);
  cleanUp(t, () => publisher.disconnect());
  for (const channel of ["flask-socketio", "socketio"]) {
    const message = JSON.stringify({ method: "emit", event: channel, data: null, namespace: "/" });
    // The example does not wait until it is subscribed, so the first tries may find nobody.
    while ((await publisher.publish(channel, message)) === 0);
    await client.until(channel);
  }
  t.pass();
});

test.serial("docs/add-a-node.md: a server with types, and a client handed in", async (t) => {
  const redis = await startRedis(t);
  const [one, other] = await Promise.all([
    connectPatiently(t, await startServer(t, example("docs/add-a-node.md", "node.ts"), redis.url)),
    connectPatiently(t, await startServer(t, example("docs/add-a-node.md", "node.ts"), redis.url)),
  ]);
  await Promise.all([one.call("join", "r"), other.call("join", "r")]);
  void one.call("say", "r", "hello").catch(() => {});
  await other.find(["message", one.sid, "hello"]);
  await one.find(["message", one.sid, "hello"]);

  const onClient = await connectPatiently(
    t,
    await startServer(t, example("docs/add-a-node.md", "client.ts"), redis.url),
  );
  const host = await startNodeHost(t, redis.url, {});
  const publisher = new Redis(redis.url);
  cleanUp(t, () => publisher.disconnect());
  for (let [, count] = [0, 0 as unknown]; Number(count) < 2; ) {
    [, count] = await publisher.pubsub("NUMSUB", "socketio");
  }
  host.io.emit("hello");
  await onClient.until("hello");
  t.pass();
});

test.serial("docs/migrate.md: a server that checks origins", async (t) => {
  const url = await startServer(t, example("docs/migrate.md", "origins.ts"), t.context.url);
  await connectPatiently(t, url);
  for (const [origin, status] of [
    ["https://chat.example.com", 200],
    ["https://elsewhere.example", 403],
  ] as const) {
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
    t.is(response.status, status);
    await response.arrayBuffer();
  }
});

test.serial("docs/migrate.md: a middleware that asks Flask who the client is", async (t) => {
  const port = await freePort();
  const pages = writeExample(example("docs/migrate.md", "who.py"), t.context.url);
  const views = startProcess(t, testEnvironment().python, ["-m", "flask", "--app", pages, "run", "--port", `${port}`]);
  await views.stderr.find("its address", (line) => line.includes("Running on"));
  const flask = `http://127.0.0.1:${port}`;
  const response = await fetch(`${flask}/login/ann`, { method: "POST" });
  const [cookie = ""] = response.headers.getSetCookie();
  const file = writeExample(example("docs/migrate.md", "who.mjs"), t.context.url);
  const server = startCli(t, ["serve", "--port", "0", "--app", file], { WHO_URL: `${flask}/whoami` });
  const line = await server.stdout.find("the banner", (text) => /ready/.test(text));
  const client = connect(String(/http:\S+/.exec(line)), { extraHeaders: { cookie }, reconnection: false });
  t.teardown(() => void client.disconnect());
  await once(client as never, "connect");
  const said = once(client as never, "said");
  await client.emitWithAck("say", client.id, "hello");
  t.deepEqual(await said, [{ name: "ann", text: "hello" }]);
});

test.serial("docs/add-a-node.md: an application for serve", async (t) => {
  const file = writeExample(example("docs/add-a-node.md", "app.mjs"), t.context.url);
  const server = startCli(t, ["serve", "--port", "0", "--app", file]);
  const line = await server.stdout.find("the banner", (text) => /ready/.test(text));
  const client = await connectClient(t, String(/http:\S+/.exec(line)));
  t.is(await client.call("join", "r"), undefined);
});

test.serial("docs/add-a-node.md: integer rooms", async (t) => {
  const redis = await startRedis(t);
  const listener = new Redis(redis.url);
  cleanUp(t, () => listener.disconnect());
  const messages = new Inbox<string>();
  listener.on("message", (_, message) => messages.add(message));
  await listener.subscribe("flask-socketio");
  await startServer(t, example("docs/add-a-node.md", "integer-rooms.ts"), redis.url);
  const emit = await messages.find("the emit", (message) => message.includes("method"));
  t.like(JSON.parse(emit), { event: "hello", room: 42 });
});

test.serial("docs/emit-from-workers.md: a Python worker and Node emitters", async (t) => {
  const redis = await startRedis(t);
  const [flask, plain] = await Promise.all([
    startNodeHost(t, redis.url, { channel: "flask-socketio" }),
    startNodeHost(t, redis.url, {}),
  ]);
  const onFlask = await connectClient(t, flask.url);
  const onPlain = await connectClient(t, plain.url);
  await Promise.all([onFlask.call("join", "job-7"), onPlain.call("join", "job-7")]);
  await runToEnd(t, example("docs/emit-from-workers.md", "worker.py"), redis.url);
  await runToEnd(t, example("docs/emit-from-workers.md", "node-emitter.ts"), redis.url);
  await runToEnd(t, example("docs/emit-from-workers.md", "typed-emitter.ts"), redis.url);
  await onPlain.find(["progress", { percent: 100 }]);
  flask.io.emit("the end");
  t.deepEqual(await onFlask.until("the end"), [
    ["progress", { percent: 42 }],
    ["news", "to everyone in /"],
    ["progress", { percent: 42 }],
  ]);
});

/** A server of docs/brokers.md, and the Python task beside it. */
async function tryBroker(
  t: ExecutionContext,
  server: Example,
  task: Example,
  queue: string,
  python?: string,
): Promise<void> {
  const client = await connectPatiently(t, await startServer(t, server, queue));
  await runToEnd(t, task, queue, python);
  await client.find(["progress", { percent: 42 }]);
  t.deepEqual(client.received(), [["progress", { percent: 42 }]]);
}

test.serial("docs/brokers.md: RabbitMQ", async (t) => {
  const { url } = await startRabbitmq(t);
  await tryBroker(t, example("docs/brokers.md", "rabbitmq.ts"), example("docs/brokers.md", "rabbitmq_task.py"), url);
});

test.serial("docs/brokers.md: Kafka", async (t) => {
  const { url } = await startKafka(t);
  await tryBroker(t, example("docs/brokers.md", "kafka.ts"), example("docs/brokers.md", "kafka_task.py"), url);
});

test.serial("docs/brokers.md: ZeroMQ", async (t) => {
  const { url } = await startForwarder(t);
  const { pythonWithZmq } = testEnvironment();
  const [server, task] = [example("docs/brokers.md", "zmq.ts"), example("docs/brokers.md", "zmq_task.py")];
  await tryBroker(t, server, task, url, pythonWithZmq);
});

test.serial("docs/brokers.md: Kombu over Redis", async (t) => {
  const server = example("docs/brokers.md", "kombu-redis.ts");
  await tryBroker(t, server, example("docs/brokers.md", "kombu_redis_task.py"), t.context.url);
});

test.serial("docs/msgpack.md: a server of each kind, and a worker", async (t) => {
  const redis = await startRedis(t);
  const port = await freePort();
  const flask = writeExample(example("docs/msgpack.md", "msgpack_server.py"), redis.url, port);
  startPython(t, [flask]);
  const onFlask = await connectPatiently(t, `http://127.0.0.1:${port}`);
  const onNode = await connectPatiently(t, await startServer(t, example("docs/msgpack.md", "msgpack.ts"), redis.url));
  const observer = new Redis(redis.url);
  cleanUp(t, () => observer.disconnect());
  for (let [, count] = [0, 0 as unknown]; Number(count) < 2; ) {
    [, count] = await observer.pubsub("NUMSUB", "flask-socketio");
  }
  const picture = Buffer.from([0x89, 0x50, 0xff]);
  await onFlask.call("publish", picture);
  await onNode.find(["picture", picture]);
  await onFlask.acknowledgeWith({ png: picture });
  t.deepEqual(await onNode.call("ask", onFlask.sid), { png: picture });
  const worker = writeExample(example("docs/msgpack.md", "msgpack_worker.py"), redis.url);
  t.is(await startPython(t, [worker]).exited(), 0);
  const event = ["picture", { png: Buffer.from("\x89PNG", "latin1"), of: "a task" }];
  await Promise.all([onFlask.find(event), onNode.find(event)]);
});

test.serial("docs/migrate.md: a server in a fleet of pickles", async (t) => {
  const redis = await startRedis(t);
  const url = await startServer(t, example("docs/migrate.md", "old-releases.ts"), redis.url);
  const client = await connectPatiently(t, url);
  const old = { python: testEnvironment().pythonWithPickles };
  const python = await startPeer(t, "write-only", redis.url, "flask-socketio", old);
  await python.request("emit", { event: "several", data: tuple(1, Buffer.from([0, 255])) });
  await client.find(["several", 1, Buffer.from([0, 255])]);
  t.pass();
});

test.serial("docs/emit-from-workers.md: an emitter with acknowledgements", async (t) => {
  const host = await startNodeHost(t, t.context.url, { channel: "flask-socketio" });
  const client = await connectClient(t, host.url);
  await client.call("join", "job-7");
  await client.acknowledgeWith("yes");
  const run = startNode(t, [writeExample(example("docs/emit-from-workers.md", "acks-emitter.ts"), t.context.url)]);
  t.is(await run.exited(), 0, run.stderr.items.join("\n"));
  t.deepEqual(run.stdout.items, ["[ 'yes' ]"]);
});

test.serial("docs/node-servers.md: a question to the other servers", async (t) => {
  const redis = await startRedis(t);
  const host = await startNodeHost(t, redis.url, {});
  await connectClient(t, host.url);
  host.io.on("how many" as never, ((answer: (clients: number) => void) => answer(1)) as never);
  const file = writeExample(example("docs/node-servers.md", "fleet.ts"), redis.url, await freePort());
  const run = startNode(t, [file]);
  await run.stdout.find("the answers", (line) => line.startsWith("answers"));
  t.deepEqual(run.stdout.items.slice(-3), ["servers 2", "sockets 1", "answers [ 1 ]"]);
});

test.serial("docs/recovery.md: a client comes back to the server", async (t) => {
  const port = await freePort();
  const file = writeExample(example("docs/recovery.md", "recovering.ts"), t.context.url, port);
  const run = startNode(t, [file]);
  const url = `http://127.0.0.1:${port}`;
  await run.stdout.find("the connection to the broker", (line) => line.includes("connected; subscribed to"));
  const witness = await connectPatiently(t, url);
  const emitter = createEmitter(t.context.url);
  cleanUp(t, () => emitter.close());
  const client = returningClient(t);
  await client.comeTo(url);
  const { sid } = client;
  const emit = async (event: string) => {
    await emitter.emit(event);
    await witness.until(event);
  };
  await emit("before");
  await client.until("before");
  await client.leave(() => true);
  await emit("missed");
  t.true(await client.comeTo(url));
  await emit("after");
  await client.until("after");
  t.deepEqual(client.received, [["before"], ["missed"], ["after"]]);
  t.deepEqual(run.stdout.items.slice(-2), [`new ${sid}`, `back ${sid}`]);
});

test.serial("docs/operate.md: what to watch", async (t) => {
  const port = await freePort();
  const file = writeExample(example("docs/operate.md", "watch.ts"), t.context.url, port);
  const run = startNode(t, [file]);
  await run.stdout.find("the status", (line) => line.includes("type: 'ready'"));
  await run.stdout.find("the counters", (line) => line.includes("received: "));
  t.deepEqual(run.stderr.items, []);
});

test("docs/options.md names every flag and its variable, and every field of the options", async (t) => {
  const page = readFileSync("docs/options.md", "utf8");
  for (const command of ["serve", "emit"]) {
    const help = startCli(t, [command, "--help"]);
    await help.exited();
    for (const [, flag = ""] of help.stdout.items.join("\n").matchAll(/^ {2}--([\w-]+)/gm)) {
      t.true(page.includes(`\`--${flag}`), flag);
    }
    for (const [, variable = ""] of help.stdout.items.join("\n").matchAll(/\[(SOCKETIO_BRIDGE_\w+)\]/g)) {
      t.true(page.includes(`\`${variable}\``), variable);
    }
  }
  for (const file of ["src/options.ts", "src/bus/options.ts"]) {
    for (const [, option = ""] of readFileSync(file, "utf8").matchAll(/^ {2}readonly (\w+)\?:/gm)) {
      t.true(page.includes(`\`${option}\``), option);
    }
  }
});
