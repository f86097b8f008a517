import test from "ava";
import { decode } from "../../src/protocol/decode.js";
import { createEncoder } from "../../src/protocol/encoders.js";
import { decodeSideChannel } from "../../src/protocol/side-channel/decode.js";
import { encodeSideChannel } from "../../src/protocol/side-channel/encode.js";
import { EMIT, HOST } from "./plain-emit.js";

const MAX_SIZE = 1_000_000;

/** Levels that an argument may have, in every encoding and on both channels. */
const LIMIT = 997;

function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level += 1) {
    value = level % 2 === 0 ? [value] : { a: value };
  }
  return value;
}

const ERROR = { code: "BRIDGE_INVALID_ARGUMENT", message: /nested more than 997 levels/ };

for (const encoding of ["json", "msgpack"] as const) {
  const encode = createEncoder({ encoding, dialect: "5.15", maxMessageSize: MAX_SIZE });
  const callback = { method: "callback", callback: { room: "r", namespace: "/", id: 1 }, hostId: HOST } as const;

  test(`${encoding}: an argument of an emit or an acknowledgement has at most ${LIMIT} levels`, (t) => {
    for (const message of [
      (value: unknown) => ({ ...EMIT, args: [value] }),
      (value: unknown) => ({ ...EMIT, args: [1, value] }),
      (value: unknown) => ({ ...callback, args: [value] }),
    ]) {
      t.is(decode(Buffer.from(encode(message(nested(LIMIT)))), MAX_SIZE).kind, "message");
      t.throws(() => encode(message(nested(LIMIT + 1))), ERROR);
      t.throws(() => encode(message(nested(3_000))), ERROR);
    }
  });
}

test(`side channel: an argument has at most ${LIMIT} levels`, (t) => {
  const emit = { type: "server_side_emit", from: HOST, id: 1, namespace: "/", isAcknowledged: false } as const;
  const send = (value: unknown) => encodeSideChannel({ ...emit, args: ["event", value] }, MAX_SIZE);
  t.is(decodeSideChannel(send(nested(LIMIT)), MAX_SIZE).kind, "message");
  t.throws(() => send(nested(LIMIT + 1)), ERROR);
});
