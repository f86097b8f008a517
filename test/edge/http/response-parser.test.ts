import { once } from "node:events";
import { request } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import test, { type ExecutionContext } from "ava";
import fc from "fast-check";
import { type ResponseHead, ResponseParser } from "../../../src/edge/http/response-parser.js";
import { cleanUp } from "../../../src/testing/scope.js";

interface Read {
  readonly heads: ResponseHead[];
  readonly body: string;
  readonly continues: number;
  readonly isReusable: boolean;
}

/** @param sizes - of the pieces, again and again */
function read(bytes: Buffer, sizes: readonly number[] = [bytes.byteLength + 1]): Read {
  const heads: ResponseHead[] = [];
  const chunks: Buffer[] = [];
  let continues = 0;
  const parser = new ResponseParser({
    onContinue: () => {
      continues += 1;
    },
    onHead: (head) => heads.push(head),
    onData: (chunk) => chunks.push(chunk),
  });
  for (let [position, piece] = [0, 0]; position < bytes.byteLength; piece += 1) {
    const size = sizes[piece % sizes.length] as number;
    parser.push(bytes.subarray(position, position + size));
    position += size;
  }
  parser.end();
  return { heads, body: Buffer.concat(chunks).toString("latin1"), continues, isReusable: parser.isReusable };
}

const response = (...lines: readonly string[]): Buffer => Buffer.from(lines.join("\r\n"), "latin1");

for (const [what, bytes, expected] of [
  ["a body with its length", response("HTTP/1.1 200 OK", "Content-Length: 5", "", "hello"), ["hello", true]],
  ["an empty body", response("HTTP/1.1 200 OK", "content-length: 0", "", ""), ["", true]],
  ["no reason", response("HTTP/1.1 200 ", "content-length:2", "", "ab"), ["ab", true]],
  ["no content, though it says a length", response("HTTP/1.1 204 No Content", "content-length: 9", "", ""), ["", true]],
  ["a body as long as the connection", response("HTTP/1.1 200 OK", "", "hello"), ["hello", false]],
  ["close", response("HTTP/1.1 200 OK", "connection: x, Close", "content-length: 1", "", "a"), ["a", false]],
  ["HTTP/1.0", response("HTTP/1.0 200 OK", "content-length: 1", "", "a"), ["a", false]],
  [
    "HTTP/1.0 that stays",
    response("HTTP/1.0 200 OK", "Connection: Keep-Alive", "content-length: 1", "", "a"),
    ["a", true],
  ],
  ["more than it says", response("HTTP/1.1 200 OK", "content-length: 1", "", "aHTTP/1.1 200 OK", "", ""), ["a", false]],
  [
    "chunks, with extensions and trailers",
    response(
      "HTTP/1.1 200 OK",
      "Transfer-Encoding: Chunked",
      "",
      "3;x=1",
      "abc",
      "A",
      "0123456789",
      "00",
      "x: y",
      "",
      "",
    ),
    ["abc0123456789", true],
  ],
] as const) {
  test(`a response is read whatever the pieces in which it comes: ${what}`, (t) => {
    for (const sizes of [[10_000], [1], [2, 3], [7]]) {
      const { heads, body, isReusable } = read(bytes, sizes);
      t.deepEqual([heads.length, body, isReusable], [1, ...expected], String(sizes));
    }
  });
}

test("a server asks for the body, hints, and then answers", (t) => {
  const bytes = response(
    ...["HTTP/1.1 100 Continue", "", "HTTP/1.1 103 Early Hints", "link: </a>", "", "HTTP/1.1 200 OK"],
    ...["set-cookie: a", "Set-Cookie: b", "content-length: 0", "", ""],
  );
  const { heads, continues } = read(bytes, [3]);
  t.deepEqual([continues, heads.map(({ status }) => status), heads[0]?.headers.get("set-cookie")], [1, [200], "a, b"]);
});

for (const [what, bytes, message] of [
  ["nothing", response(), /ended without a response/],
  ["another protocol", response("HTTP/2 200 OK", "", ""), /not HTTP\/1\.1/],
  ["no status", response("HTTP/1.1 OK", "", ""), /not HTTP\/1\.1/],
  ["an upgrade", response("HTTP/1.1 101 Switching Protocols", "", ""), /another protocol/],
  ["two lengths", response("HTTP/1.1 200 OK", "content-length: 1", "content-length: 2", "", "ab"), /no number/],
  ["a negative length", response("HTTP/1.1 200 OK", "content-length: -1", "", "ab"), /no number/],
  [
    "a length and chunks",
    response("HTTP/1.1 200 OK", "content-length: 1", "transfer-encoding: chunked", "", "0", "", ""),
    /a length beside it/,
  ],
  ["an encoding", response("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked", "", "0", "", ""), /besides chunked/],
  ["a folded header", response("HTTP/1.1 200 OK", "x: y", " z", "content-length: 0", "", ""), /has no name/],
  ["a header without a colon", response("HTTP/1.1 200 OK", "x", "content-length: 0", "", ""), /has no name/],
  ["a space before the colon", response("HTTP/1.1 200 OK", "content-length : 0", "", ""), /has no name/],
  ["a chunk without a size", response("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "x", ""), /no number/],
  [
    "a chunk that is too long",
    response("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "1", "abc", "0", "", ""),
    /longer than it says/,
  ],
  ["an end in the head", response("HTTP/1.1 200 OK", "content-len"), /in the midst/],
  ["an end in the body", response("HTTP/1.1 200 OK", "content-length: 9", "", "ab"), /in the midst/],
  ["an end in a chunk", response("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "9", "ab"), /in the midst/],
  ["a long head", response("HTTP/1.1 200 OK", `x: ${"y".repeat(20_000)}`, "", ""), /head .* more than/],
  ["a head that never ends", response("HTTP/1.1 200 OK", `x: ${"y".repeat(20_000)}`), /head .* more than/],
  [
    "a size that never ends",
    response("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", `1;${"y".repeat(20_000)}`),
    /size .* more than/,
  ],
  [
    "trailers that never end",
    response("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "0", "x: y\r\n".repeat(5_000)),
    /trailers .* more than/,
  ],
] as const) {
  test(`a response is refused whatever the pieces in which it comes: ${what}`, (t) => {
    for (const sizes of [[100_000], [1], [5]]) {
      t.throws(() => read(bytes, sizes), { message }, String(sizes));
    }
  });
}

function lengthOfResponse(bytes: Buffer): number {
  const parser = new ResponseParser({ onContinue() {}, onHead() {}, onData() {} });
  for (let length = 0; length < bytes.byteLength; length += 1) {
    if (parser.isComplete) {
      return length;
    }
    parser.push(bytes.subarray(length, length + 1));
  }
  return bytes.byteLength;
}

/** What Node's own client makes of it: status and body, or undefined if it refuses it. */
function readByNode(t: ExecutionContext, port: number): Promise<readonly [number | undefined, string] | undefined> {
  return new Promise((resolve) => {
    const asked = request({ port, host: "127.0.0.1", agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("end", () => resolve([answer.statusCode, Buffer.concat(chunks).toString("latin1")]));
      answer.once("error", () => resolve(undefined));
    });
    asked.once("error", () => resolve(undefined));
    asked.once("upgrade", () => resolve(undefined));
    asked.once("close", () => resolve(undefined));
    asked.end();
    cleanUp(t, () => asked.destroy());
  });
}

const part = fc.constantFrom(
  ...["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 204 No\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "\r\n"],
  ...[
    "content-length: 3\r\n",
    "content-length: 3, 3\r\n",
    "transfer-encoding: chunked\r\n",
    "x: y\r\n",
    " z\r\n",
    "x\r\n",
  ],
  ...[
    "connection: close\r\n",
    "abc",
    "3\r\nabc\r\n",
    "0\r\n\r\n",
    "0\r\n",
    "3;x\r\nabc\r\n",
    "\n",
    "a: b\n",
    "\0",
    " ",
  ],
);
const plausible = fc
  .tuple(
    fc.constantFrom("HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
    fc.constantFrom("content-length: 3\r\n\r\n", "transfer-encoding: chunked\r\n\r\n", "\r\n", ""),
    fc.array(part, { maxLength: 6 }),
  )
  .map(([first, framing, rest]) => first + framing + rest.join(""));

test("what is accepted is what Node's own client accepts, and means the same", async (t) => {
  let bytes = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => server.close());
  const { port } = server.address() as AddressInfo;
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(plausible, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (text, sizes) => {
      bytes = Buffer.from(text, "latin1");
      let mine: Read | undefined;
      try {
        // What comes after it is nothing that was asked for, of which Node makes an error.
        bytes = bytes.subarray(0, lengthOfResponse(bytes));
        mine = read(bytes, sizes);
      } catch {
        return;
      }
      accepted += 1;
      t.deepEqual([mine.heads[0]?.status, mine.body], await readByNode(t, port), JSON.stringify(text));
    }),
    { numRuns: 1_000 },
  );
  t.true(accepted > 100, `${accepted} accepted`);
});
