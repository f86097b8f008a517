import test from "ava";
import { Redis } from "ioredis";
import { freePort } from "../../scripts/environment/free-port.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startCli, startServe } from "../helpers/process.js";

test.serial("emit sends none, one or several arguments, to the chosen clients", async (t) => {
  const server = await startServe(t, ["--channel", "c"]);
  const [a, b, chat] = await Promise.all([
    connectClient(t, server.url),
    connectClient(t, server.url),
    connectClient(t, server.url),
  ]);
  const emit = async (...args: string[]) => {
    const command = startCli(t, ["emit", ...args, "--queue", server.queue, "--channel", "c"]);
    t.is(await command.exited(), 0);
    t.deepEqual([...command.stdout.items, ...command.stderr.items], []);
  };
  await emit("none");
  await emit("one", '{"a": [1, null]}', `--room=${a.sid}`);
  await emit("several", "1", '"two"', "[3]", `--room=${a.sid}`, `--room=${b.sid}`);
  await emit("skip", `--skip-sid=${a.sid}`, `--skip-sid=${chat.sid}`);
  await emit("other namespace", "--namespace", "/chat");
  await emit("the end");
  t.deepEqual(await a.until("the end"), [["none"], ["one", { a: [1, null] }], ["several", 1, "two", [3]]]);
  t.deepEqual(await b.until("the end"), [["none"], ["several", 1, "two", [3]], ["skip"]]);
  t.deepEqual(await chat.until("the end"), [["none"]]);
});

test.serial("every flag is also an environment variable", async (t) => {
  const server = await startServe(t, ["--channel", "c"]);
  const [a, b] = await Promise.all([connectClient(t, server.url), connectClient(t, server.url)]);
  const command = startCli(t, ["emit", "hello"], {
    SOCKETIO_BRIDGE_QUEUE: server.queue,
    SOCKETIO_BRIDGE_CHANNEL: "c",
    SOCKETIO_BRIDGE_SKIP_SID: `${a.sid},nobody`,
  });
  t.is(await command.exited(), 0);
  await b.until("hello");
  t.deepEqual(a.received(), []);
});

test.serial("serve and emit write MessagePack on request, and read it", async (t) => {
  const server = await startServe(t, ["--channel", "c", "--demo"], { SOCKETIO_BRIDGE_ENCODING: "msgpack" });
  const listener = new Redis(server.queue);
  cleanUp(t, () => listener.disconnect());
  const messages = new Inbox<Buffer>();
  listener.on("messageBuffer", (_, message) => messages.add(message));
  await listener.subscribe("c");
  const client = await connectClient(t, server.url);
  const args = ["emit", "hello", "[1]", "--queue", server.queue, "--channel", "c", "--encoding", "msgpack"];
  t.is(await startCli(t, args).exited(), 0);
  await client.find(["hello", [1]]);
  const isMsgpack = (message: Buffer, event: string) => message[0] === 0xde && message.includes(event);
  await messages.find("the emit", (message) => isMsgpack(message, "hello"));
  await client.call("bridge:send", { event: "from a client", args: [], room: null });
  await messages.find("what the server emits", (message) => isMsgpack(message, "from a client"));
  t.pass();
});

for (const [what, args, message] of [
  ["no event", [], "emit needs the name of an event"],
  [
    "an argument that is not JSON",
    ["e", "1", "two"],
    "argument 2 is not JSON: two; a string needs its own quotes, as in '\"two\"'",
  ],
  ["an event of Socket.IO itself", ["connect"], '"connect" is a reserved event name'],
  ["a negative number", ["e", "-5"], "Unknown option '-5'; a negative number goes after --"],
  [
    "a value that starts with a dash",
    ["e", "--room", "-abc"],
    "Option '--room' argument is ambiguous. Did you forget to specify the option argument for '--room'? " +
      "To specify an option argument starting with a dash use '--room=-XYZ'.",
  ],
  ["an unknown encoding", ["e", "--encoding", "xml"], 'encoding is "xml"; it takes json or msgpack'],
  ["an unknown dialect", ["e", "--dialect", "5.10"], 'dialect is "5.10"; it takes 5.15, 5.14, 5.13 or 5.2'],
  [
    "what the dialect has no form for",
    ["e", "1", "2", "--dialect", "5.13", "--queue", "memory://nobody"],
    'the event "e" has 2 arguments, which python-socketio before 5.15.1 cannot read (the option dialect is "5.13"); ' +
      "put them into one list or object",
  ],
  ["an unknown flag", ["e", "--to", "r"], "Unknown option '--to'"],
] as const) {
  test.serial(`${what} is one clear line and exit code 2`, async (t) => {
    const command = startCli(t, ["emit", ...args]);
    t.is(await command.exited(), 2);
    t.deepEqual(command.stderr.items, [`socketio-python-bridge: ${message}; --help shows what there is`]);
  });
}

test.serial("an unreachable broker ends the command with 1 and an error that names it", async (t) => {
  const port = await freePort();
  const command = startCli(t, ["emit", "e", "--queue", `redis://127.0.0.1:${port}`]);
  t.is(await command.exited(), 1);
  const reason = `Redis at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`;
  t.deepEqual(command.stderr.items, [`socketio-python-bridge: ${reason}; nothing was sent within 5 s`]);
});
