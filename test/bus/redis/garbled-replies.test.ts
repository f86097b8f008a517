import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import test from "ava";
import fc from "fast-check";
import { Redis } from "ioredis";
import { onMessages } from "../../../src/bus/redis/pubsub-messages.js";
import { guardReplies } from "../../../src/bus/redis/reply-guard.js";
import { cleanUp } from "../../../src/testing/scope.js";

/** Of replies of every type, whole and in part. */
const PIECES = [
  ..."*0 *1 *2 *3 *-1 >0 >1 >2 >3 >4 %1 ~1 |1 $-1 _ : :1 :- ( (123 #t # ,1.5 ,nan +OK +O -ERR $ x".split(" "),
  ..."hi socketio message pmessage smessage subscribe psubscribe ssubscribe unsubscribe sunsubscribe pong"
    .split(" ")
    .map((text) => `$${text.length}\r\n${text}`),
  "!5\r\nERR x",
  "=7\r\ntxt:abc",
  "$3\r\n\r\n",
  // Where ioredis does not look at what it skips.
  ":\rX$-1",
  "#$-1",
  ",n$-1",
  "$-10",
  "=1\r\nx",
].map((piece) => `${piece}\r\n`);

interface Connection {
  readonly pieces: readonly string[];
  readonly protocol: 2 | 3;
  readonly isSubscriber: boolean;
}

/** What ioredis takes for the answer to SUBSCRIBE, which chance seldom composes. */
const WORST: readonly (readonly string[])[] = [
  ["*1\r\n", "$2\r\nhi\r\n"],
  ["*2\r\n", "$4\r\npong\r\n", "$-1\r\n"],
  ["*3\r\n", "$11\r\nunsubscribe\r\n", "$-1\r\n", ":1\r\n"],
];

const CONNECTIONS = 300;

test("no garbled reply to any client throws where nobody can catch it", async (t) => {
  let garbage = "";
  const server = createServer((socket) => {
    socket.on("error", () => {});
    // After the answer to what is asked first, or before it.
    socket.once("data", (asked) => {
      const answer = asked.includes("hello") ? "%1\r\n+proto\r\n:3\r\n" : "";
      socket.end(answer + garbage, "latin1");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => server.close());
  const { port } = server.address() as AddressInfo;
  const connection: fc.Arbitrary<Connection> = fc.record({
    pieces: fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 8 }),
    protocol: fc.constantFrom<2 | 3>(2, 3),
    isSubscriber: fc.boolean(),
  });
  const worst = ([2, 3] as const).flatMap((protocol) =>
    WORST.map((pieces) => ({ pieces, protocol, isSubscriber: true })),
  );
  for (const { pieces, protocol, isSubscriber } of [...worst, ...fc.sample(connection, CONNECTIONS)]) {
    garbage = pieces.join("");
    const client = new Redis({
      ...{ port, protocol, lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false },
      ...{ maxRetriesPerRequest: 0, disableClientInfo: true, disconnectTimeout: 0 },
    });
    client.on("error", () => {});
    guardReplies(client);
    onMessages(client, (_, payload) => t.true(Buffer.isBuffer(payload), JSON.stringify(garbage)));
    const ended = new Promise((resolve) => client.once("end", resolve));
    client.connect().catch(() => {});
    const asked = isSubscriber ? client.subscribe("socketio") : client.publish("socketio", "hi");
    asked.catch(() => {});
    await ended;
  }
  // AVA fails whatever is thrown where nobody catches it.
  t.pass();
});
