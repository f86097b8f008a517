/** What Redis never sends, each of which ioredis would throw at: over either connection, in RESP2 or RESP3. */
export const REDIS_GARBAGE: readonly string[] = [
  "$-1\r\n",
  "*3\r\n$-1\r\n$8\r\nsocketio\r\n$1\r\nx\r\n",
  ">3\r\n$-1\r\n$8\r\nsocketio\r\n$1\r\nx\r\n",
  ">3\r\n$9\r\nsubscribe\r\n$-1\r\n:1\r\n",
  ">3\r\n$7\r\nmessage\r\n_\r\n$1\r\nx\r\n",
  ">3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n:5\r\n",
  ">4\r\n$8\r\npmessage\r\n$-1\r\n$8\r\nsocketio\r\n$2\r\nhi\r\n",
  ">2\r\n$8\r\nsmessage\r\n_\r\n",
  ">3\r\n$9\r\nsubscribe\r\n$5\r\nother\r\n:1\r\n",
  "*0\r\n",
  "*-1\r\n",
  `${"*1\r\n".repeat(20_000)}:1\r\n`,
  "\r\n",
  "\0",
  "$99999999\r\n",
  "GET / HTTP/1.1\r\n\r\n",
];
