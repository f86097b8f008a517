import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { type RunningProcess, startPython } from "../helpers/process.js";
import { testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker(launchRedis);

async function urlOf(server: RunningProcess): Promise<string> {
  const line = await server.stdout.find("the ready line", (text) => text.startsWith("ready "));
  return line.slice("ready ".length);
}

/** Each host delivers its own at once and the other's when it comes, so only what arrives is the same, not when. */
const sorted = (events: readonly (readonly unknown[])[]) => events.map((event) => JSON.stringify(event)).sort();

for (const program of ["flask_chat.py", "asgi_server.py"]) {
  for (const namespace of ["/", "/chat"]) {
    test.serial(`${program} and a Node host are one chat in ${namespace}`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const server = startPython(t, [program, "--queue", t.context.url, "--channel", channel]);
      const onPython = await connectClient(t, await urlOf(server), { namespace });
      const onNode = await connectClient(t, node.url, { namespace });
      const elsewhere = await connectClient(t, node.url, { namespace });
      await onPython.call("join", { room: "lobby" });
      await onNode.call("join", "lobby");
      t.deepEqual(await onPython.call("say", { room: "lobby", text: "hello" }), { said: "hello" });
      node.io.of(namespace).to("lobby").emit("message", { text: "from Node" });
      // Said by the Python server after it has heard the Node host, and heard by the Node host after all else it said.
      await onPython.until("message");
      await onPython.call("say", { room: "lobby", text: "goodbye" });
      node.io.of(namespace).emit("the end");
      const said = (text: string) => ["message", { sid: onPython.sid, room: "lobby", text }];
      const fromNode = ["message", { text: "from Node" }];
      t.deepEqual(sorted(await onPython.until("the end")), sorted([said("hello"), fromNode, said("goodbye")]));
      await onNode.find(said("goodbye"));
      t.deepEqual(sorted(onNode.received()), sorted([said("hello"), fromNode, said("goodbye"), ["the end"]]));
      node.io.of(namespace).local.emit("barrier");
      t.deepEqual(await elsewhere.until("barrier"), [["the end"]]);
    });
  }
}

test.serial("a Celery task reaches the clients of a Node host", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel });
  const client = await connectClient(t, node.url);
  const other = await connectClient(t, node.url);
  await client.call("join", "alice");
  const env = { CELERY_BROKER_URL: `${t.context.url}/1`, SOCKETIO_QUEUE: t.context.url };
  const worker = startPython(
    t,
    ["-m", "celery", "-A", "celery_worker", "worker", "--pool", "solo", "--loglevel", "info"],
    env,
  );
  await worker.stderr.find("the worker", (line) => line.includes("ready."));
  const enqueue = async (...args: string[]) => {
    const command = startPython(t, ["celery_worker.py", "enqueue", ...args, "--channel", channel], env);
    t.is(await command.exited(), 0);
  };
  await enqueue("order-shipped", '{"order": 7}', "--room", "alice");
  await enqueue("the end", "null");
  t.deepEqual(await client.until("the end"), [["order-shipped", { order: 7 }]]);
  t.deepEqual(await other.until("the end"), []);
});

test.serial("the command-line emitter reaches the clients of a Node host", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel });
  const [client, other] = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
  await client.call("join", "r");
  const emit = async (...args: string[]) => {
    const command = startPython(t, ["emitter.py", "--queue", t.context.url, "--channel", channel, ...args]);
    t.is(await command.exited(), 0);
  };
  await emit("none");
  await emit("one", '{"n": 1}', "--room", "r");
  await emit("several", "1", '"two"', "--skip-sid", other.sid);
  await emit("the end");
  t.deepEqual(await client.until("the end"), [["none"], ["one", { n: 1 }], ["several", 1, "two"]]);
  t.deepEqual(await other.until("the end"), [["none"]]);
});
