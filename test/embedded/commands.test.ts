import test from "ava";
import { answers, connectTo, request, startBroker } from "./raw-client.js";

const HINT = "(the embedded development broker knows pub/sub only; use a real Redis for the rest)";
const HELLO_2 =
  "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.0\r\n$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:1\r\n" +
  "$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n";
const HELLO_3 = HELLO_2.replace("*14", "%7").replace("proto\r\n:2", "proto\r\n:3");
const NOT_A_NAME = "cannot contain spaces, newlines or special characters.";
const NOAUTH_HELLO =
  "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> " +
  "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n";
const WRONGPASS = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
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
    [["CLIENT", "GETNAME"], "$2\r\nme\r\n"],
    [["HELLO", "4"], "-NOPROTO unsupported protocol version\r\n"],
    [["HELLO", "1"], "-NOPROTO unsupported protocol version\r\n"],
    [["HELLO", "x"], "-ERR Protocol version is not an integer or out of range\r\n"],
    [["HELLO", "03"], "-ERR Protocol version is not an integer or out of range\r\n"],
    [["HELLO", "9".repeat(19)], "-ERR Protocol version is not an integer or out of range\r\n"],
    [["HELLO", "2", "AUTH", "me"], "-ERR Syntax error in HELLO option 'AUTH'\r\n"],
    [["HELLO", "2", "SETNAME", "a", "FOO"], "-ERR Syntax error in HELLO option 'FOO'\r\n"],
    [["HELLO", "2", "SETNAME", "a b"], `-ERR Client names ${NOT_A_NAME}\r\n`],
    [["HELLO", "2", "SETNAME", "a", "AUTH", "nobody", "x"], WRONGPASS],
    [["CLIENT", "GETNAME"], "$2\r\nme\r\n"],
    [["HELLO"], HELLO_3],
    [["HELLO", "2", "AUTH", "default", "anything"], HELLO_2],
  ],
  "AUTH without a password": [
    [
      ["AUTH", "x"],
      "-ERR AUTH <password> called without any password configured for the default user. " +
        "Are you sure your configuration is correct?\r\n",
    ],
    [["AUTH", "default", "x"], "+OK\r\n"],
    [["AUTH", "nobody", "x"], WRONGPASS],
    [["AUTH"], "-ERR wrong number of arguments for 'auth' command\r\n"],
    [["AUTH", "a", "b", "c"], "-ERR syntax error\r\n"],
  ],
  SELECT: [
    [["SELECT", "0"], "+OK\r\n"],
    [["SELECT", "15"], "+OK\r\n"],
    [["SELECT", "16"], "-ERR DB index is out of range\r\n"],
    [["SELECT", "-1"], "-ERR DB index is out of range\r\n"],
    [["SELECT", "x"], "-ERR value is not an integer or out of range\r\n"],
    [["SELECT", "2147483648"], "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"],
    [["SELECT"], "-ERR wrong number of arguments for 'select' command\r\n"],
  ],
  CLIENT: [
    [["CLIENT", "ID"], ":1\r\n"],
    [["CLIENT", "GETNAME"], "$-1\r\n"],
    [["CLIENT", "SETNAME", "me"], "+OK\r\n"],
    [["CLIENT", "GETNAME"], "$2\r\nme\r\n"],
    [["CLIENT", "SETNAME", "a\nb"], `-ERR Client names ${NOT_A_NAME}\r\n`],
    [["CLIENT", "SETNAME", ""], "+OK\r\n"],
    [["CLIENT", "GETNAME"], "$-1\r\n"],
    [["CLIENT", "SETINFO", "lib-name", "redis-py"], "+OK\r\n"],
    [["CLIENT", "SETINFO", "LIB-VER", "8.1.0"], "+OK\r\n"],
    [["CLIENT", "SETINFO", "LIB-NAME", "a b"], `-ERR lib-name ${NOT_A_NAME}\r\n`],
    [["CLIENT", "SETINFO", "FOO", "x"], "-ERR Unrecognized option 'FOO'\r\n"],
    [["CLIENT", "NO-EVICT", "on"], "+OK\r\n"],
    [["CLIENT", "NO-TOUCH", "OFF"], "+OK\r\n"],
    [["CLIENT", "NO-TOUCH", "x"], "-ERR syntax error\r\n"],
    [["CLIENT"], "-ERR wrong number of arguments for 'client' command\r\n"],
    [["CLIENT", "id", "x"], "-ERR wrong number of arguments for 'client|id' command\r\n"],
    [["CLIENT", "LIST"], `-ERR unknown subcommand 'LIST'. Try CLIENT HELP. ${HINT}\r\n`],
    [
      ["CLIENT", "MAINT_NOTIFICATIONS", "ON", "moving-endpoint-type", "internal-fqdn"],
      `-ERR unknown subcommand 'MAINT_NOTIFICATIONS'. Try CLIENT HELP. ${HINT}\r\n`,
    ],
  ],
  "PUBSUB and HELP": [
    [["PUBSUB", "CHANNELS"], "*0\r\n"],
    [["PUBSUB", "NUMSUB"], "*0\r\n"],
    [["PUBSUB", "NUMSUB", "a", "a"], "*4\r\n$1\r\na\r\n:0\r\n$1\r\na\r\n:0\r\n"],
    [["PUBSUB", "NUMPAT"], ":0\r\n"],
    [["PUBSUB"], "-ERR wrong number of arguments for 'pubsub' command\r\n"],
    [["PUBSUB", "NUMPAT", "x"], "-ERR wrong number of arguments for 'pubsub|numpat' command\r\n"],
    [
      ["PUBSUB", "CHANNELS", "a", "b"],
      "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.\r\n",
    ],
    [["PUBSUB", "SHARDNUMSUB"], `-ERR unknown subcommand 'SHARDNUMSUB'. Try PUBSUB HELP. ${HINT}\r\n`],
    [
      ["PUBSUB", "HELP"],
      "*5\r\n+PUBSUB <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n" +
        "+CHANNELS\r\n+NUMPAT\r\n+NUMSUB\r\n+HELP\r\n",
    ],
  ],
  COMMAND: [
    [["COMMAND"], "*0\r\n"],
    [["COMMAND", "DOCS"], "*0\r\n"],
    [["COMMAND", "DOCS", "get"], "*0\r\n"],
  ],
  "commands of a real Redis": [
    [["GET", "key"], `-ERR unknown command 'GET', with args beginning with: 'key' ${HINT}\r\n`],
    [["LPUSH", "a\r\nb", "c\0d"], `-ERR unknown command 'LPUSH', with args beginning with: 'a  b' 'c' ${HINT}\r\n`],
    [[""], `-ERR unknown command '', with args beginning with: ${HINT}\r\n`],
    [["constructor"], `-ERR unknown command 'constructor', with args beginning with: ${HINT}\r\n`],
    [["CLIENT|ID"], `-ERR unknown command 'CLIENT|ID', with args beginning with: ${HINT}\r\n`],
    [
      ["F".repeat(300), "x".repeat(100), "y".repeat(100), "z"],
      `-ERR unknown command '${"F".repeat(128)}', with args beginning with: '${"x".repeat(100)}' '${"y".repeat(25)}' ${HINT}\r\n`,
    ],
  ],
  "a RESP2 subscriber": [
    [["SUBSCRIBE", "a"], "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"],
    [["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n"],
    [["PING", "x"], "*2\r\n$4\r\npong\r\n$1\r\nx\r\n"],
    [["PUBLISH", "a", "b"], `-ERR Can't execute 'publish': ${IN_CONTEXT}\r\n`],
    [["CLIENT", "ID"], `-ERR Can't execute 'client|id': ${IN_CONTEXT}\r\n`],
    [["HELLO", "3"], `-ERR Can't execute 'hello': ${IN_CONTEXT}\r\n`],
    [["PUBLISH"], "-ERR wrong number of arguments for 'publish' command\r\n"],
    [["UNSUBSCRIBE"], "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"],
    [["PUBLISH", "a", "b"], ":0\r\n"],
    [["PSUBSCRIBE", "*"], "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:1\r\n"],
    [["PUBSUB", "NUMPAT"], `-ERR Can't execute 'pubsub|numpat': ${IN_CONTEXT}\r\n`],
    [["RESET"], "+RESET\r\n"],
    [["PUBSUB", "NUMPAT"], ":0\r\n"],
  ],
  "a RESP3 subscriber": [
    [["HELLO", "3"], HELLO_3],
    [["SUBSCRIBE", "a"], ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"],
    [["PING"], "+PONG\r\n"],
    [["PING", "x"], "$1\r\nx\r\n"],
    [["PUBLISH", "b", "x"], ":0\r\n"],
    [["PUBLISH", "a", "x"], ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n:1\r\n"],
    [["PUBSUB", "CHANNELS"], "*1\r\n$1\r\na\r\n"],
    [["UNSUBSCRIBE"], ">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n"],
    [["UNSUBSCRIBE"], ">3\r\n$11\r\nunsubscribe\r\n_\r\n:0\r\n"],
    [["COMMAND", "DOCS"], "%0\r\n"],
    [["CLIENT", "GETNAME"], "_\r\n"],
    [["RESET"], "+RESET\r\n"],
    [["CLIENT", "GETNAME"], "$-1\r\n"],
  ],
};

for (const [title, dialogue] of Object.entries(DIALOGUES)) {
  test(title, async (t) => {
    const broker = await startBroker(t);
    const client = await connectTo(t, broker.port);
    for (const [args, reply] of dialogue) {
      await answers(t, client, args, reply);
    }
  });
}

test("a broker with a password answers nobody who did not give it", async (t) => {
  const broker = await startBroker(t, { password: "secret" });
  const client = await connectTo(t, broker.port);
  for (const args of [["PING"], ["SUBSCRIBE", "a"], ["PUBLISH", "a", "b"], ["INFO"], ["CLIENT", "ID"]]) {
    await answers(t, client, args, "-NOAUTH Authentication required.\r\n");
  }
  await answers(t, client, ["HELLO", "3"], NOAUTH_HELLO);
  await answers(t, client, ["AUTH", "wrong"], WRONGPASS);
  await answers(t, client, ["AUTH", "nobody", "secret"], WRONGPASS);
  await answers(t, client, ["HELLO", "3", "AUTH", "default", "wrong"], WRONGPASS);
  await answers(t, client, ["PING"], "-NOAUTH Authentication required.\r\n");
  await answers(t, client, ["AUTH", "secret"], "+OK\r\n");
  await answers(t, client, ["AUTH", "wrong"], WRONGPASS);
  await answers(t, client, ["PING"], "+PONG\r\n");
  await answers(t, client, ["RESET"], "+RESET\r\n");
  await answers(t, client, ["PING"], "-NOAUTH Authentication required.\r\n");
  await answers(t, client, ["HELLO", "3", "AUTH", "default", "secret"], HELLO_3);
  await answers(t, client, ["PING"], "+PONG\r\n");
});

test("CLIENT INFO and INFO tell about the client and the broker", async (t) => {
  const broker = await startBroker(t, { maxConnections: 7 });
  const client = await connectTo(t, broker.port);
  client.send(Buffer.concat([request("SELECT", "3"), request("CLIENT", "SETNAME", "me"), request("CLIENT", "INFO")]));
  const line = await client.takeUntil("lib-ver=\n\r\n");
  t.regex(line, /id=1 addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ name=me age=\d+ idle=0 flags=N db=3 sub=0 psub=0 /);
  client.request("INFO");
  const info = await client.takeUntil("connected_slaves:0\r\n\r\n");
  for (const expected of ["# Server", "redis_version:7.2.0", `tcp_port:${broker.port}`, "maxclients:7", "loading:0"]) {
    t.true(info.includes(`${expected}\r\n`), expected);
  }
  await answers(t, client, ["INFO", "persistence"], "$26\r\n# Persistence\r\nloading:0\r\n\r\n");
  await answers(t, client, ["INFO", "nothing"], "$0\r\n\r\n");
});

test("QUIT is answered, what comes after it is not", async (t) => {
  const broker = await startBroker(t);
  const client = await connectTo(t, broker.port);
  client.send(Buffer.concat([request("PING"), request("QUIT"), request("PING")]));
  t.is(await client.rest(), "+PONG\r\n+OK\r\n");
});

test("a client that has closed its sending half still gets its replies", async (t) => {
  const broker = await startBroker(t);
  const client = await connectTo(t, broker.port);
  client.socket.end("PING\r\nPING again\r\n");
  t.is(await client.rest(), "+PONG\r\n$5\r\nagain\r\n");
});

test("a web page that posts commands to the port is cut off", async (t) => {
  const broker = await startBroker(t);
  const listener = await connectTo(t, broker.port);
  await answers(t, listener, ["SUBSCRIBE", "a"], "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
  for (const head of ["POST / HTTP/1.1", "GET / HTTP/1.1\r\nHost: localhost"]) {
    const client = await connectTo(t, broker.port);
    client.send(`${head}\r\n\r\nPUBLISH a b\r\n`);
    t.notRegex(await client.rest(), /:\d/);
  }
  await answers(t, listener, ["PING"], "*2\r\n$4\r\npong\r\n$0\r\n\r\n");
});
