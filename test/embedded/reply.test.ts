import test from "ava";
import { array, bulk, encodeReply, error, integer, NULL, OK, type Reply } from "../../src/embedded/reply.js";

/** Title, reply, bytes in RESP2, bytes in RESP3. */
const TABLE: readonly (readonly [string, Reply, string, string])[] = [
  ["OK", OK, "+OK\r\n", "+OK\r\n"],
  ["an error", error("ERR no"), "-ERR no\r\n", "-ERR no\r\n"],
  ["an error with line breaks", error("ERR a\r\n+OK\r\n"), "-ERR a  +OK  \r\n", "-ERR a  +OK  \r\n"],
  ["an integer", integer(-3), ":-3\r\n", ":-3\r\n"],
  ["bytes", bulk(Buffer.of(0, 255, 13, 10)), "$4\r\n\0\xff\r\n\r\n", "$4\r\n\0\xff\r\n\r\n"],
  ["no bytes", bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"],
  ["null", NULL, "$-1\r\n", "_\r\n"],
  ["an array", array([integer(1), array([])]), "*2\r\n:1\r\n*0\r\n", "*2\r\n:1\r\n*0\r\n"],
  ["a push", { type: "push", items: [NULL] }, "*1\r\n$-1\r\n", ">1\r\n_\r\n"],
  ["a map", { type: "map", entries: [[bulk("a"), OK]] }, "*2\r\n$1\r\na\r\n+OK\r\n", "%1\r\n$1\r\na\r\n+OK\r\n"],
];

for (const [what, reply, two, three] of TABLE) {
  test(`${what} in RESP2 and RESP3`, (t) => {
    t.is(Buffer.concat(encodeReply(reply, 2)).toString("latin1"), two);
    t.is(Buffer.concat(encodeReply(reply, 3)).toString("latin1"), three);
  });
}

test("a large payload is passed on, not copied", (t) => {
  const payload = Buffer.alloc(100_000, "x");
  const pieces = encodeReply(array([bulk("a"), bulk(payload), integer(1)]), 2);
  t.true(pieces.includes(payload));
  t.is(Buffer.concat(pieces).toString(), `*3\r\n$1\r\na\r\n$100000\r\n${payload}\r\n:1\r\n`);
});
