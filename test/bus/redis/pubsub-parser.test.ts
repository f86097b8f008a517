import test from "ava";
import fc from "fast-check";
import { PubSubParser } from "../../../src/bus/redis/pubsub-parser.js";

interface Part {
  readonly bytes: Buffer;
  /** Of a message: its channel and its payload. */
  readonly message?: readonly [channel: string, payload: string];
}

const blob = (text: Buffer | string): Buffer =>
  Buffer.concat([Buffer.from(`$${Buffer.byteLength(text)}\r\n`), Buffer.from(text as string), Buffer.from("\r\n")]);

function message(type: ">" | "*", channel: string, payload: Buffer | string): Part {
  const bytes = Buffer.concat([Buffer.from(`${type}3\r\n`), blob("message"), blob(channel), blob(payload)]);
  return { bytes, message: [channel, Buffer.from(payload as string).toString("latin1")] };
}

const reply = (text: string): Part => ({ bytes: Buffer.from(text) });

/** What comes of the chunks: messages, and all bytes that were passed on. */
function split(chunks: readonly Buffer[]): { readonly messages: readonly unknown[]; readonly rest: string } {
  const messages: unknown[] = [];
  const rest: string[] = [];
  const splitter = new PubSubParser(
    (channel, payload) => messages.push([channel, payload.toString("latin1")]),
    (bytes) => rest.push(bytes.toString("latin1")),
  );
  for (const chunk of chunks) {
    splitter.push(chunk);
  }
  return { messages, rest: rest.join("") };
}

const streamOf = (parts: readonly Part[]): Buffer => Buffer.concat(parts.map(({ bytes }) => bytes));

const expectedOf = (parts: readonly Part[]) => ({
  messages: parts.flatMap(({ message: found }) => (found === undefined ? [] : [found])),
  rest: streamOf(parts.filter(({ message: found }) => found === undefined)).toString("latin1"),
});

const INSIDE = message(">", "socketio", "not a message, but what a reply says").bytes.toString();

const PARTS: readonly Part[] = [
  reply("+OK\r\n"),
  message(">", "socketio", "first"),
  message("*", "socketio", ""),
  reply("%2\r\n+server\r\n$5\r\nredis\r\n+proto\r\n:3\r\n"),
  message(">", "Kanäle.node", Buffer.from([0, 0x0d, 0x0a, 0xff])),
  reply(">3\r\n$9\r\nsubscribe\r\n$8\r\nsocketio\r\n:1\r\n"),
  reply(">4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$8\r\nsocketio\r\n$2\r\nhi\r\n"),
  reply(">3\r\n$8\r\nsmessage\r\n$8\r\nsocketio\r\n$2\r\nhi\r\n"),
  reply(`$${INSIDE.length}\r\n${INSIDE}\r\n`),
  reply(`*2\r\n*1\r\n$${INSIDE.length}\r\n${INSIDE}\r\n:7\r\n`),
  reply("|1\r\n+ttl\r\n:3600\r\n*1\r\n:1\r\n"),
  reply(`*2\r\n|1\r\n+ttl\r\n:1\r\n:7\r\n${INSIDE}`),
  message("*", "*3\r\n$7\r\nmessage\r\n", "$7\r\n"),
  reply("$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12345678901234567890\r\n-ERR no\r\n!5\r\nERR x\r\n=7\r\ntxt:abc\r\n~0\r\n"),
  message(">", "socketio", "x".repeat(300)),
];

test("messages are separated from everything else, wherever the stream is split", (t) => {
  const stream = streamOf(PARTS);
  const expected = expectedOf(PARTS);
  t.deepEqual(split([stream]), expected);
  t.deepEqual(split(Array.from(stream, (byte) => Buffer.of(byte))), expected);
  for (let cut = 1; cut < stream.length; cut += 1) {
    t.deepEqual(split([stream.subarray(0, cut), stream.subarray(cut)]), expected);
  }
});

test("messages and replies come in any order, in chunks of any sizes", (t) => {
  const part = fc.oneof(
    fc.constantFrom(...PARTS),
    fc
      .tuple(fc.constantFrom<">" | "*">(">", "*"), fc.string(), fc.uint8Array({ maxLength: 200 }))
      .map(([type, channel, payload]) => message(type, channel, Buffer.from(payload))),
  );
  fc.assert(
    fc.property(fc.array(part), fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (parts, sizes) => {
      const stream = streamOf(parts);
      const chunks: Buffer[] = [];
      for (let [start, index] = [0, 0]; start < stream.length; index += 1) {
        const end = start + (sizes[index % sizes.length] as number);
        chunks.push(stream.subarray(start, end));
        start = end;
      }
      t.deepEqual(split(chunks), expectedOf(parts));
    }),
  );
  t.pass();
});

test("what is not RESP is passed on with all that follows", (t) => {
  const later = streamOf([message(">", "socketio", "later")]);
  const strange = [
    "$?\r\n;4\r\nabcd\r\n;0\r\n",
    "*many\r\n",
    "\r\n",
    "*3\r\n$7\r\nmessage\r\n$8\n\nsocketio\r\n$2\r\nhi\r\n",
    `+${"x".repeat(70_000)}`,
    `*3\r\n$7\r\nmessage\r\n$99999999\r\n${"y".repeat(70_000)}`,
  ];
  for (const beginning of strange) {
    const chunks = [Buffer.from(beginning), later];
    t.deepEqual(
      split(chunks),
      { messages: [], rest: Buffer.concat(chunks).toString("latin1") },
      beginning.slice(0, 20),
    );
  }
});

test("a message of another length than it says is not passed on, nor what follows", (t) => {
  const garbled = (length: number) => `>3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n$${length}\r\nhello\r\n`;
  const later = message(">", "socketio", "later").bytes;
  for (const length of [3, 4, 6, 7, 20]) {
    const stream = Buffer.concat([Buffer.from(garbled(length)), later]);
    t.throws(() => split([stream]), { message: /a message of another length than it says/ }, `${length}`);
    const bytes = Array.from(stream, (byte) => Buffer.of(byte));
    t.throws(() => split(bytes), { message: /a message of another length than it says/ }, `${length}`);
  }
});

test("a payload that spans chunks is copied once, whatever their number", (t) => {
  const size = 32 * 1024 * 1024;
  const lengths: number[] = [];
  const splitter = new PubSubParser(
    (_, payload) => lengths.push(payload.length),
    () => t.fail(),
  );
  splitter.push(Buffer.from(`>3\r\n$7\r\nmessage\r\n$8\r\nsocketio\r\n$${size}\r\n`));
  const chunk = Buffer.alloc(512, "x");
  // Joining at every chunk would move about 10^12 bytes here.
  for (let sent = 0; sent < size; sent += chunk.length) {
    splitter.push(chunk);
  }
  splitter.push(Buffer.from("\r\n"));
  t.deepEqual(lengths, [size]);
});
