import test from "ava";
import fc from "fast-check";
import { BridgeError } from "../../src/errors.js";
import { decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { createEmitEncoder, createEncoder, ENCODINGS, type Encoding } from "../../src/protocol/encoders.js";
import type { Decoded } from "../../src/protocol/model/decoded.js";
import { DIALECT_NAMES } from "../../src/protocol/model/dialect.js";
import { buildEmitExtension } from "../../src/protocol/model/node-extension.js";
import type { OutgoingEmit, OutgoingMessage } from "../../src/protocol/model/outgoing.js";
import type { RejectReason } from "../../src/protocol/model/rejection.js";
import { decodeSideChannel } from "../../src/protocol/side-channel/decode.js";
import { encodeSideChannel } from "../../src/protocol/side-channel/encode.js";
import type { SideChannelMessage } from "../../src/protocol/side-channel/messages.js";
import { anyArgument, anyFlags, attempted, nested } from "./arbitraries.js";
import { EMIT, HOST } from "./plain-emit.js";

const MAX_SIZE = 4_096;
const RUNS = Number(process.env.FUZZ_ROUNDS ?? 1_000);

const formats = fc.oneof(
  fc.record({ encoding: fc.constant("json" as Encoding), dialect: fc.constantFrom(...DIALECT_NAMES) }),
  fc.constant({ encoding: "msgpack" as Encoding, dialect: "5.15" as const }),
);

/** What a Node host makes of it, or undefined where it is refused. @throws what is no BridgeError */
function written<Payload>(write: () => Payload): Payload | undefined {
  try {
    return write();
  } catch (error) {
    if (error instanceof BridgeError && error.code === "BRIDGE_INVALID_ARGUMENT") {
      return undefined;
    }
    throw error;
  }
}

const outcomeOf = (decoded: Decoded<unknown>): string =>
  decoded.kind === "rejected" ? `${decoded.rejection.reason}: ${decoded.rejection.detail}` : decoded.kind;

test("whatever is written is read by a host with the same options, and the rest is an error", (t) => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(attempted, formats, fc.constantFrom(1_024, MAX_SIZE, 1_000_000), (message, format, maxMessageSize) => {
      const options = { ...format, maxMessageSize };
      const payload = written(() =>
        message.method === "emit"
          ? createEmitEncoder(options)(message).payload
          : Buffer.from(createEncoder(options)(message)),
      );
      const outcome = `${format.encoding} ${payload === undefined ? "refused" : "read"}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (payload === undefined) {
        return;
      }
      const { dialect } = format;
      const decoded = decode(Buffer.from(payload), maxMessageSize, { legacyPickle: "refuse", dialect });
      t.is(outcomeOf(decoded), "message");
      if (decoded.kind === "message" && decoded.message.method === "emit") {
        const args = decodePayload(decoded.message.payload);
        t.true("args" in args, JSON.stringify(args));
      }
    }),
    { numRuns: RUNS },
  );
  for (const outcome of ["json read", "json refused", "msgpack read", "msgpack refused"]) {
    t.true((outcomes.get(outcome) ?? 0) > RUNS / 50, `${outcome}: ${outcomes.get(outcome)}`);
  }
});

test("whatever is written on the side channel is read by a host with the same limit, and the rest is an error", (t) => {
  const from = HOST;
  const outcomes = { read: 0, refused: 0 };
  const message: fc.Arbitrary<SideChannelMessage> = fc
    .array(anyArgument, { maxLength: 4 })
    .chain((items) =>
      fc.constantFrom<SideChannelMessage>(
        { type: "server_side_emit", from, id: 1, namespace: "/", args: items, isAcknowledged: true },
        { type: "reply", from, to: from, id: 1, part: 0, isLast: true, items },
        { type: "ack", from, to: from, id: 1, sequence: 1, args: items },
        { type: "exported_sessions", from, namespace: "constructor", items },
      ),
    );
  fc.assert(
    fc.property(message, fc.constantFrom(1_024, MAX_SIZE, 1_000_000), (message, maxSize) => {
      const payload = written(() => encodeSideChannel(message, maxSize));
      outcomes[payload === undefined ? "refused" : "read"] += 1;
      if (payload !== undefined) {
        const decoded = decodeSideChannel(payload, maxSize);
        t.is(outcomeOf(decoded), "message");
      }
    }),
    { numRuns: RUNS },
  );
  t.true(outcomes.read > RUNS / 20 && outcomes.refused > RUNS / 20, JSON.stringify(outcomes));
});

test("whatever applications pass to compress() and timeout(), other hosts read", (t) => {
  fc.assert(
    fc.property(anyFlags, ({ compress, timeout }) => {
      const flags = { compress: compress as boolean };
      const node = buildEmitExtension([1], flags, timeout as number);
      for (const encoding of ENCODINGS) {
        const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });
        const decoded = decode(Buffer.from(encode({ ...EMIT, node })), MAX_SIZE);
        t.is(outcomeOf(decoded), "message", JSON.stringify(node));
      }
    }),
    { numRuns: RUNS },
  );
});

const emit = (fields: Partial<OutgoingEmit>): OutgoingEmit => ({ ...EMIT, ...fields });
const bytes = Buffer.from([1]);
const parsed = (text: string) => JSON.parse(text) as unknown;
const callback = { room: "r", namespace: "/", id: 1 };
const sender = { namespace: "/", hostId: HOST };

/** For each reason to reject a message, what would have it if it were sent, or why no message of this package can. */
const REFUSED: Readonly<Record<RejectReason, readonly (OutgoingMessage & { readonly only?: Encoding })[] | string>> = {
  too_large: [
    emit({ args: ["x".repeat(MAX_SIZE)] }),
    emit({ args: ["ů".repeat(MAX_SIZE / 2)] }),
    // Small in MessagePack, and not in JSON.
    emit({ args: [Array(MAX_SIZE / 2).fill(0)] }),
    emit({ args: [Buffer.alloc(MAX_SIZE)] }),
    emit({ rooms: Array.from({ length: MAX_SIZE / 4 }, (_, index) => `room ${index}`) }),
    { method: "node_join", rooms: null, exceptRooms: [], names: ["x".repeat(MAX_SIZE)], ...sender },
    { method: "callback", callback, args: ["x".repeat(MAX_SIZE)], hostId: HOST },
  ],
  too_deep: [
    emit({ args: [nested(998)] }),
    emit({ args: [nested(998), 1] }),
    emit({ args: [nested(998), bytes] }),
    { ...emit({ args: [nested(997, bytes)] }), only: "json" },
    { method: "callback", callback, args: [nested(998)], hostId: HOST },
  ],
  unsafe_name: [
    emit({ args: [parsed('{"__proto__": 1}')] }),
    emit({ args: [[bytes, parsed('{"a": {"__proto__": {"polluted": true}}}')]] }),
    emit({ args: [{ toJSON: () => parsed('{"__proto__": null}') }] }),
    emit({ args: [{ a: [{ constructor: { prototype: 1 } }] }] }),
    emit({ args: [{ a: [{ constructor: { prototype: 1 } }, bytes] }] }),
    { method: "callback", callback, args: [parsed('{"__proto__": 1}')], hostId: HOST },
  ],
  wrong_type: [
    emit({ rooms: [1.5] }),
    emit({ rooms: [Number.NaN] }),
    emit({ rooms: [10n ** 100n] }),
    emit({ rooms: [undefined as unknown as string] }),
    emit({ skipSids: [5 as unknown as string] }),
    emit({ event: 5 as unknown as string }),
    emit({ namespace: null as unknown as string }),
    { method: "enter_room", sid: 5 as unknown as string, room: "r", ...sender },
  ],
  reserved_event: [emit({ event: "connect" }), emit({ event: "disconnecting" })],
  bad_placeholder: [
    { ...emit({ args: [bytes, { _placeholder: true, num: 7 }] }), only: "json" },
    { ...emit({ args: [{ a: [bytes, { _placeholder: true, num: 0 }] }] }), only: "json" },
    { ...emit({ args: [bytes, { _placeholder: true }] }), only: "json" },
  ],
  bad_base64: "Node writes base64 itself",
  bad_callback: "its room is checked as any other, and its number is the host's own",
  not_json: "JSON.stringify writes JSON",
  not_msgpack: "the encoder writes MessagePack",
  not_object: "every message is an object",
  pickle: "Node writes no pickles",
  unsafe_pickle: "Node writes no pickles",
  bad_pickle: "Node writes no pickles",
  undecodable: "a bug of a library",
  unknown_namespace: "of another host",
  sid_room: "of another host",
  undeliverable: "of another host",
};

for (const [reason, attempts] of Object.entries(REFUSED)) {
  for (const [index, { only, ...message }] of typeof attempts === "string" ? [] : attempts.entries()) {
    for (const encoding of only === undefined ? ENCODINGS : [only]) {
      test(`what other hosts would reject as ${reason} is refused as ${encoding}: ${index}`, (t) => {
        const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });
        t.throws(() => encode(message as OutgoingMessage), {
          instanceOf: BridgeError,
          code: "BRIDGE_INVALID_ARGUMENT",
        });
      });
    }
  }
}

for (const encoding of ENCODINGS) {
  test(`the error names the event, its size and the limit, and a message of exactly the limit is written: ${encoding}`, (t) => {
    const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });
    const overhead = encode(emit({ args: ["x".repeat(300)] })).length - 300;
    const largest = encode(emit({ args: ["x".repeat(MAX_SIZE - overhead)] }));
    t.is(Buffer.from(largest).byteLength, MAX_SIZE);
    t.is(decode(Buffer.from(largest), MAX_SIZE).kind, "message");
    t.throws(() => encode(emit({ event: "report", args: ["x".repeat(MAX_SIZE)] })), {
      code: "BRIDGE_INVALID_ARGUMENT",
      message: `the event "report" has ${MAX_SIZE + overhead + 5} bytes; maxMessageSize is ${MAX_SIZE}`,
    });
  });

  test(`a command for 10,000 rooms is written, and for more it is an error: ${encoding}`, (t) => {
    const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: 1_000_000 });
    const { namespace, exceptRooms } = EMIT;
    const join = (count: number) =>
      encode({ method: "node_join", names: Array(count).fill("r"), rooms: null, exceptRooms, namespace, hostId: HOST });
    t.is(decode(Buffer.from(join(10_000)), 1_000_000).kind, "message");
    t.throws(() => join(10_001), {
      code: "BRIDGE_INVALID_ARGUMENT",
      message: "a node_join message has 10001 rooms; the limit is 10000",
    });
  });

  test(`names that are keys of every object are written and read: ${encoding}`, (t) => {
    const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });
    for (const name of ["__proto__", "constructor"]) {
      const message = emit({ event: name, rooms: [name, "r"], namespace: name, args: [name, { constructor: name }] });
      const decoded = decode(Buffer.from(encode(message)), MAX_SIZE);
      t.like(decoded, { message: { event: name, rooms: [name, "r"], namespace: name } });
    }
  });
}
