import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import test from "ava";
import { packEnvelope, unpackEnvelope } from "../../../src/bus/kombu/envelope.js";
import { kombuRedisBus } from "../../../src/bus/kombu/kombu-redis-bus.js";
import { BridgeError } from "../../../src/errors.js";
import { normalizeReader } from "../../../src/options.js";
import { decode } from "../../../src/protocol/decode.js";

interface Golden {
  readonly kombu: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly body: string | readonly number[];
  readonly envelope: string;
}

const GOLDEN: readonly Golden[] = readFileSync("test/fixtures/kombu-envelopes.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const bodyOf = ({ body }: Golden): Buffer => (typeof body === "string" ? Buffer.from(body) : Buffer.from(body));
const unpack = (envelope: unknown): string => Buffer.from(unpackEnvelope(toBytes(envelope))).toString();
const toBytes = (envelope: unknown): Buffer =>
  Buffer.from(typeof envelope === "string" ? envelope : JSON.stringify(envelope));

test("reads what every release of Kombu writes, whatever its options", (t) => {
  const readable = GOLDEN.filter(({ options }) => options.compression !== "bzip2");
  t.deepEqual([...new Set(readable.map(({ kombu }) => kombu))], ["4.6.11", "5.2.4", "5.7.0"]);
  for (const golden of readable) {
    const name = `${golden.kombu} ${JSON.stringify(golden.options)}`;
    t.deepEqual(Buffer.from(unpackEnvelope(toBytes(golden.envelope))), bodyOf(golden), name);
  }
});

test("writes what Kombu writes, except for the tag, which is random", (t) => {
  const plain = GOLDEN.filter(({ options }) => Object.keys(options).length === 0);
  t.is(plain.length, 9);
  for (const golden of plain) {
    const { kombu, body } = golden;
    const expected = JSON.parse(golden.envelope);
    const [packed, again] = [1, 2].map(() => JSON.parse(packEnvelope("chan", bodyOf(golden)).toString()));
    t.regex(packed.properties.delivery_tag, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    t.not(packed.properties.delivery_tag, again.properties.delivery_tag);
    for (const { properties } of [expected, packed]) {
      delete properties.delivery_tag;
    }
    if (typeof body !== "string" && expected["content-type"] === "application/data" && body[0] === 0x7b) {
      // Python knows bytes from text by their type, Node by what they are; Kombu's readers take either.
      Object.assign(expected, { "content-type": "text/plain", "content-encoding": "utf-8" });
    }
    t.deepEqual(packed, expected, kombu);
  }
});

test("bytes survive the round trip", (t) => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("{}"),
    Buffer.from([0x81, 0xa1, 0x61, 0xff]),
    Buffer.from("žluť"),
  ]) {
    t.deepEqual(Buffer.from(unpackEnvelope(packEnvelope("c", bytes))), bytes);
  }
});

test("a body that is text, or marked as bytes, or missing", (t) => {
  t.is(unpack({ body: "žluť", properties: {} }), "žluť");
  t.is(unpack({ body: "žluť", properties: { body_encoding: "UTF-8" } }), "žluť");
  t.is(unpack({ body: { __type__: "bytes", __value__: "žluť" }, properties: { body_encoding: null } }), "žluť");
  t.is(unpack({ body: { __type__: "base64", __value__: "e30=" }, properties: {} }), "{}");
  t.is(unpack({ body: null, properties: { body_encoding: "base64" }, headers: null }), "");
  t.is(unpack({ properties: {} }), "");
  // What is not base64 is passed over, as Python's b64decode does.
  t.is(unpack({ body: "e30=\n!", properties: { body_encoding: "base64" } }), "{}");
});

test("the serializer json: a string is a message, anything else is left as it is", (t) => {
  const json = (body: string) => unpack({ body, "content-type": "application/json", properties: {} });
  t.is(json('"{\\"method\\": 1}"'), '{"method": 1}');
  t.is(json('{"method": 1}'), '{"method": 1}');
});

test("what is not an envelope becomes a string that says why, for whoever decodes it to reject and count", (t) => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const bomb = deflateSync(Buffer.alloc(66 * 1024 * 1024)).toString("base64");
  const compressed = (compression: unknown, body: string) => ({
    body,
    headers: { compression },
    properties: { body_encoding: "base64" },
  });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ["", /JSON/],
    ["no json", /JSON/],
    ["{", /JSON/],
    ["null", /the envelope is not an object/],
    ['"text"', /the envelope is not an object/],
    [deep, /nested more than 100 levels/],
    [[], /the envelope is not an object/],
    // As a RedisManager would write it.
    [{ method: "emit", event: "x" }, /properties is not an object/],
    [{ body: "", properties: [] }, /properties is not an object/],
    [{ body: "", properties: {}, headers: "x" }, /headers is not an object/],
    [{ body: 5, properties: {} }, /body is not an object/],
    [{ body: { __type__: "uuid", __value__: "x" }, properties: {} }, /neither text nor bytes/],
    [{ body: { __type__: "bytes", __value__: 5 }, properties: {} }, /neither text nor bytes/],
    [{ body: "x", properties: { body_encoding: "hex" } }, /body_encoding is .*hex/],
    [{ body: "x", properties: { body_encoding: {} } }, /body_encoding is/],
    [compressed("application/x-bz2", "e30="), /compression is .*x-bz2/],
    [compressed({}, "e30="), /compression is/],
    [compressed("application/x-gzip", "bm8gemxpYg=="), /incorrect header check/],
    [compressed("application/x-gzip", bomb), /Cannot create a Buffer larger than/],
    [{ body: '"', "content-type": "application/json", properties: {} }, /JSON/],
    ["x".repeat(65 * 1024 * 1024 + 1), /68157441 bytes, more than 68157440/],
  ];
  for (const [message, reason] of cases) {
    const decoded = decode(unpackEnvelope(toBytes(message)), 32 * 1024 * 1024);
    const name = toBytes(message).toString().slice(0, 100);
    if (decoded.kind !== "rejected") {
      t.fail(`${name} is ${decoded.kind}`);
      return;
    }
    t.is(decoded.rejection.reason, "not_object", name);
    t.regex(decoded.rejection.detail, /^"not a Kombu message: /, name);
    t.regex(decoded.rejection.detail, reason, name);
  }
  t.is(decode(unpackEnvelope(Buffer.from([0xff, 0x80, 0x02])), 100).kind, "rejected");
});

test("the largest message that maxMessageSize allows fits into an envelope that is read", (t) => {
  const largest = 48 * 1024 * 1024;
  t.notThrows(() => normalizeReader({ maxMessageSize: largest }));
  t.throws(() => normalizeReader({ maxMessageSize: largest + 1 }), { code: "BRIDGE_INVALID_OPTION" });
  const body = Buffer.alloc(largest, "x");
  t.true(body.equals(unpackEnvelope(packEnvelope("a channel of some length".repeat(10), body))));
});

test("a pickle in an envelope is recognised", (t) => {
  const pickle = Buffer.from([0x80, 4, 0x95]);
  const decoded = decode(unpackEnvelope(packEnvelope("c", pickle)), 100);
  t.is(decoded.kind === "rejected" && decoded.rejection.reason, "pickle");
});

test("an invalid database or option is an error, as with redisBus", (t) => {
  const failing = (url: string) => t.throws(() => kombuRedisBus({ url }), { instanceOf: BridgeError });
  for (const url of ["kombu+redis://:secret@h/name", "redis://:secret@h/name"]) {
    const error = failing(url);
    t.is(error?.code, "BRIDGE_INVALID_URL");
    t.regex(error?.message ?? "", /h\/name: the database is not a number/);
    t.notRegex(error?.message ?? "", /secret/);
  }
  t.is(failing("amqp://h").code, "BRIDGE_INVALID_URL");
  t.is(t.throws(() => kombuRedisBus({}), { instanceOf: BridgeError })?.code, "BRIDGE_INVALID_OPTION");
});
