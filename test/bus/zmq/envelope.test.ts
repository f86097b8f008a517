import test from "ava";
import fc from "fast-check";
import { isProbe, packMessage, packProbe, unpackMessage } from "../../../src/bus/zmq/envelope.js";

const SESSION = "0123456789abcdef0123456789abcdef";

test("a message is the one of ZmqManager, and says who sent it", (t) => {
  const message = packMessage("chat", SESSION, 17, Buffer.from('{"method": "emit"}'));
  t.deepEqual(JSON.parse(message.toString()), {
    type: "message",
    channel: "chat",
    node: `${SESSION}.17`,
    data: { method: "emit" },
  });
});

test("any payload on any channel comes back as it was", (t) => {
  const channel = fc.string({ unit: "binary", maxLength: 128 });
  fc.assert(
    fc.property(channel, fc.uint8Array(), fc.nat(), (name, payload, number) => {
      const unpacked = unpackMessage(packMessage(name, SESSION, number, payload));
      t.deepEqual(unpacked, { channel: name, payload: Buffer.from(payload), origin: { session: SESSION, number } });
    }),
  );
});

for (const [writer, text] of [
  ["json of Python", '{"type": "message", "channel": "\\u017elu\\u0165", "data": {"n": 1.0}}'],
  ["a JSON module without spaces", '{"type":"message","channel":"žluť","data":{"n": 1.0}}'],
  ["a JSON module that indents", '{\n  "type" : "message",\n  "channel" : "žluť",\n  "data" : {"n": 1.0}}'],
] as const) {
  test(`what ${writer} has written is read, and the payload stays as it is`, (t) => {
    const payload = Buffer.from('{"n": 1.0}');
    t.deepEqual(unpackMessage(Buffer.from(text)), { channel: "žluť", payload, origin: undefined });
  });
}

test("the longest channel is read, however it is escaped", (t) => {
  const channel = "\u0001".repeat(512);
  t.is(unpackMessage(packMessage(channel, SESSION, 1, Buffer.from("{}")))?.channel, channel);
});

test("what is no message is recognized as such", (t) => {
  for (const text of [
    "",
    "null",
    "hello",
    '"type"',
    '{"type": "message"}',
    '{"type": "message", "channel": "c"}',
    '{"type": "subscribe", "channel": "c", "data": 1}',
    '{"type": "message", "channel": 1, "data": 1}',
    '{"type": "message", "channel": "\\x", "data": 1}',
    '{"type": "message", "channel": "c", "data": {',
    `{"type": "message", "channel": "${"c".repeat(5_000)}", "data": 1}`,
  ]) {
    t.is(unpackMessage(Buffer.from(text)), undefined, text);
  }
  t.is(unpackMessage(Buffer.from("80049536000000000000007d94", "hex")), undefined, "a pickle");
});

test("a probe is told from a message, and has the type that ZmqManager requires", (t) => {
  const probe = packProbe(SESSION);
  t.true(isProbe(probe));
  t.deepEqual(JSON.parse(probe.toString()), { type: "probe", node: SESSION });
  t.false(isProbe(packMessage("c", SESSION, 1, Buffer.from("{}"))));
  t.is(unpackMessage(probe), undefined);
});
