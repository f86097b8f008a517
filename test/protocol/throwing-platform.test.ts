import test from "ava";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { encodeJson } from "../../src/protocol/json/encode.js";
import { scanEmit } from "../../src/protocol/json/scan-emit.js";
import { encodeMsgpack } from "../../src/protocol/msgpack/encode.js";
import { decodeSideChannel } from "../../src/protocol/side-channel/decode.js";
import { encodeSideChannel } from "../../src/protocol/side-channel/encode.js";
import { EMIT, HOST } from "./plain-emit.js";

/** Whatever a function of Node does on untrusted bytes, now or in a later release, decoding them does not throw. */

const MAX_SIZE = 10_000;

/** Calls `use` while `owner[name]` throws. */
function whileThrowing<Result>(owner: object, name: string, use: () => Result): Result {
  const original = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
  const broken = () => {
    throw new TypeError("out of order");
  };
  Object.defineProperty(owner, name, { ...original, value: broken });
  try {
    return use();
  } finally {
    Object.defineProperty(owner, name, original);
  }
}

const JSON_EMIT = Buffer.from(encodeJson({ ...EMIT, args: [{ a: 1 }], rooms: [9007199254740993n] }));
const UNSAFE_EMIT = Buffer.from('{"method": "emit", "event": "e", "data": {"constructor": 1}}');
const MSGPACK_EMIT = encodeMsgpack({ ...EMIT, args: [{ a: "text".repeat(100) }] }) as Uint8Array;
/** Protocol 0, with an integer, a float, a text and bytes. */
const PICKLE = Buffer.from(
  "}(Vmethod\nVemit\nVevent\nVe\nVdata\n(L12345678901234567890L\nF1.5\nV\\u00e9\nC\x01xtu.",
  "latin1",
);

const decodeAny = (payload: Uint8Array) => decode(payload, MAX_SIZE, { legacyPickle: "data-only", dialect: "5.15" });

const CALLS: readonly (readonly [what: string, owner: object, name: string, payload: Uint8Array])[] = [
  ["TextDecoder.decode", TextDecoder.prototype, "decode", JSON_EMIT],
  ["JSON.parse", JSON, "parse", JSON_EMIT],
  ["BigInt", globalThis, "BigInt", JSON_EMIT],
  ["Buffer.copy", Buffer.prototype, "copy", JSON_EMIT],
  ["Math.min", Math, "min", UNSAFE_EMIT],
  ["Buffer.readUIntBE", Buffer.prototype, "readUIntBE", MSGPACK_EMIT],
  ["Buffer.subarray", Buffer.prototype, "subarray", MSGPACK_EMIT],
  ["BigInt in a pickle", globalThis, "BigInt", PICKLE],
  ["Buffer.toString in a pickle", Buffer.prototype, "toString", PICKLE],
  ["Buffer.indexOf in a pickle", Buffer.prototype, "indexOf", PICKLE],
  ["Number.parseInt in a pickle", Number, "parseInt", PICKLE],
];

for (const [what, owner, name, payload] of CALLS) {
  test.serial(`decode rejects a message when ${what} throws`, (t) => {
    t.is(decodeAny(payload).kind, "message");
    const decoded = whileThrowing(owner, name, () => decodeAny(payload));
    t.is(decoded.kind, "rejected");
    t.regex(decoded.kind === "rejected" ? decoded.rejection.reason : "", /^(?:undecodable|not_json)$/);
    t.is(decodeAny(payload).kind, "message");
  });
}

test.serial("decodeSideChannel rejects a message when Node throws", (t) => {
  const items = ["x".repeat(300)];
  const message = encodeSideChannel(
    { type: "reply", from: HOST, to: HOST, id: 1, part: 0, isLast: true, items },
    MAX_SIZE,
  );
  const decoded = whileThrowing(Buffer.prototype, "readUIntBE", () => decodeSideChannel(message, MAX_SIZE));
  t.deepEqual(decoded, {
    kind: "rejected",
    rejection: { reason: "undecodable", detail: '"out of order"' },
    hostId: undefined,
  });
  t.is(decodeSideChannel(message, MAX_SIZE).kind, "message");
});

test.serial("decodePayload rejects attachments when Node throws", (t) => {
  const payload = { data: [[{ _placeholder: true, num: 0 }], "AQ=="], form: "argument-list", binary: true } as const;
  t.deepEqual(
    whileThrowing(Buffer, "from", () => decodePayload(structuredClone(payload))),
    { rejection: { reason: "undecodable", detail: '"out of order"' } },
  );
  t.deepEqual(decodePayload(structuredClone(payload)), { args: [Buffer.from([1])] });
});

test.serial("scanEmit leaves a message to decode when Node throws", (t) => {
  const spelt = Buffer.from(`${JSON_EMIT.toString().slice(0, -1)},"except":["x"]}`);
  for (const [message, owner, name] of [
    [JSON_EMIT, Buffer.prototype, "toString"],
    [JSON_EMIT, RegExp.prototype, "exec"],
    [spelt, JSON, "parse"],
    [spelt, globalThis, "BigInt"],
  ] as const) {
    t.truthy(scanEmit(message, "5.15"));
    t.is(
      whileThrowing(owner, name, () => scanEmit(message, "5.15")),
      undefined,
      name,
    );
  }
});
