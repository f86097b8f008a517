import test from "ava";
import { assertReply, connectTo, request, startBroker } from "./raw-client.js";

const HINT = "(the embedded development broker knows pub/sub only; use a real Redis for the rest)";
const HELLO_2 =
  "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.0\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n" +
  "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
const HELLO_3 = HELLO_2.replace("*14", "%7").replace("proto\r\n:2", "proto\r\n:3");
const IN_CONTEXT = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";

type Dialogue = readonly (readonly [args: readonly string[], reply: string])[];

const DIALOGUES: Readonly<Record<string, Dialogue>> = {
  PING: [
    [["PING"], "+PONG\r\n"],
    [["ping", "a\0\r\n\xff"], "$5\r\na\0\r\n\xff\r\n"],
    [["PING", "a", "b"], "-ERR wrong number of arguments for 'ping' command\r\n"],
  ],
  HELLO: [
    [["HELLO"], HELLO_2],
    [["HELLO", "3", "SETNAME", "me"], HELLO_3],
    [["HELLO", "4"], "-NOPROTO unsupported protocol version\r\n"],
    [["HELLO", "x"], "-NOPROTO unsupported protocol version\r\n"],
    [["HELLO"], HELLO_3],
    [["HELLO", "2", "AUTH", "default", "anything"], HELLO_2],
  ],
  "AUTH without a configured password": [
    [
      ["AUTH", "x"],
      "-ERR AUTH <password> called without any password configured for the default user. " +
        "Are you sure your configuration is correct?\r\n",
    ],
    [["AUTH", "default", "x"], "+OK\r\n"],
    [["AUTH"], "-ERR wrong number of arguments for 'auth' command\r\n"],
  ],
  SELECT: [
    [["SELECT", "0"], "+OK\r\n"],
    [["SELECT", "15"], "+OK\r\n"],
    [["SELECT", "16"], "-ERR DB index is out of range\r\n"],
    [["SELECT", "-1"], "-ERR DB index is out of range\r\n"],
    [["SELECT", "x"], "-ERR DB index is out of range\r\n"],
    [["SELECT"], "-ERR wrong number of arguments for 'select' command\r\n"],
  ],
  CLIENT: [
    [["CLIENT", "SETNAME", "me"], "+OK\r\n"],
    [["CLIENT", "SETINFO", "lib-name", "redis-py"], "+OK\r\n"],
    [["client", "setinfo", "LIB-VER", "8.1.0"], "+OK\r\n"],
    [["CLIENT"], "-ERR wrong number of arguments for 'client' command\r\n"],
    [["CLIENT", "LIST"], `-ERR unknown subcommand 'LIST'. ${HINT}\r\n`],
    [
      ["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-fqdn"],
      `-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. ${HINT}\r\n`,
    ],
  ],
  PUBSUB: [
    [["PUBSUB", "NUMSUB"], "*0\r\n"],
    [["PUBSUB", "NUMSUB", "a", "a"], "*4\r\n$1\r\na\r\n:0\r\n$1\r\na\r\n:0\r\n"],
    [["PUBSUB"], "-ERR wrong number of arguments for 'pubsub' command\r\n"],
    [["PUBSUB", "CHANNELS"], `-ERR unknown subcommand 'CHANNELS'. ${HINT}\r\n`],
  ],
  "commands that only a real Redis has": [
    [["GET", "key"], `-ERR unknown command 'GET' ${HINT}\r\n`],
    [["A\r\nB\0c"], `-ERR unknown command 'A  B' ${HINT}\r\n`],
    [[""], `-ERR unknown command '' ${HINT}\r\n`],
    [["constructor"], `-ERR unknown command 'constructor' ${HINT}\r\n`],
    [["F".repeat(300)], `-ERR unknown command '${"F".repeat(128)}' ${HINT}\r\n`],
  ],
  "a RESP2 subscriber": [
    [["SUBSCRIBE", "a"], "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"],
    [["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n"],
    [["PING", "x"], "*2\r\n$4\r\npong\r\n$1\r\nx\r\n"],
    [["PUBLISH", "a", "b"], `-ERR Can't execute 'publish': ${IN_CONTEXT}\r\n`],
    [["HELLO", "3"], `-ERR Can't execute 'hello': ${IN_CONTEXT}\r\n`],
    [["PUBLISH"], "-ERR wrong number of arguments for 'publish' command\r\n"],
    [["UNSUBSCRIBE"], "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"],
    [["PUBLISH", "a", "b"], ":0\r\n"],
  ],
  "a RESP3 subscriber": [
    [["HELLO", "3"], HELLO_3],
    [["SUBSCRIBE", "a"], ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"],
    [["PING"], "+PONG\r\n"],
    [["PING", "x"], "$1\r\nx\r\n"],
    [["PUBLISH", "b", "x"], ":0\r\n"],
    [["PUBLISH", "a", "x"], ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n:1\r\n"],
    [["UNSUBSCRIBE"], ">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"],
    [["UNSUBSCRIBE"], ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n"],
  ],
};

for (const [title, dialogue] of Object.entries(DIALOGUES)) {
  test(title, async (t) => {
    const broker = await startBroker(t);
    const client = await connectTo(t, broker.port);
    for (const [args, reply] of dialogue) {
      await assertReply(t, client, args, reply);
    }
  });
}

test("INFO has the fields that clients look for", async (t) => {
  const broker = await startBroker(t);
  const client = await connectTo(t, broker.port);
  client.request("INFO");
  const info = await client.takeUntil("loading:0\r\n\r\n");
  t.true(info.includes("\r\nredis_version:7.2.0\r\n"));
});

test("QUIT gets a reply, and later requests do not", async (t) => {
  const broker = await startBroker(t);
  const client = await connectTo(t, broker.port);
  client.send(Buffer.concat([request("PING"), request("QUIT"), request("PING")]));
  t.is(await client.rest(), "+PONG\r\n+OK\r\n");
});

test("a client that has closed its sending side still gets its replies", async (t) => {
  const broker = await startBroker(t);
  const client = await connectTo(t, broker.port);
  client.socket.end(Buffer.concat([request("PING"), request("PING", "again")]));
  t.is(await client.rest(), "+PONG\r\n$5\r\nagain\r\n");
});

test("a web page that posts commands to the port is disconnected", async (t) => {
  const broker = await startBroker(t);
  const listener = await connectTo(t, broker.port);
  await assertReply(t, listener, ["SUBSCRIBE", "a"], "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  for (const head of ["POST / HTTP/1.1", "GET / HTTP/1.1\r\nHost: localhost", `POST /${"x".repeat(100)} HTTP/1.1`]) {
    const client = await connectTo(t, broker.port);
    client.send(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), request("PUBLISH", "a", "b")]));
    t.regex(await client.rest(), /^-ERR Protocol error: .*\r\n$/);
  }
  await assertReply(t, listener, ["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
});
