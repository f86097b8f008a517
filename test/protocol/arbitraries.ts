import fc from "fast-check";
import type { WireRoom } from "../../src/protocol/model/messages.js";
import { RESERVED_EVENTS } from "../../src/protocol/model/messages.js";
import type { OutgoingMessage } from "../../src/protocol/model/outgoing.js";
import { MAX_DEPTH } from "../../src/protocol/values/limits.js";
import { surveyJson } from "../../src/util/survey-json.js";

/** Any UTF-16, including lone surrogates. */
export const text = fc.string({
  unit: fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }) },
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('"', "\\", "/", "\u0000", "\u007f", "\u2028", "\ud800", "\udc00"),
  ),
});

const name = fc.oneof(
  { weight: 20, arbitrary: text },
  { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "toString") },
);

/** Of an object in a payload that readers accept. */
export const key = text.filter((one) => one !== "__proto__" && one !== "constructor");

/** What an application may emit, with bytes at any depth. */
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      text,
      fc.double(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constantFrom(null, undefined, -0, Number.NaN),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.date({ noInvalidDate: true }),
    ),
    fc.array(tie("value")),
    fc.dictionary(key, tie("value")),
  ),
})).value;

const event = name.filter((one) => !RESERVED_EVENTS.has(one));
const namespace = text.map((rest) => `/${rest}`);
const hostId = fc.uuid().map((uuid) => uuid.replaceAll("-", ""));

/** Integers as they are read: as numbers if a double holds them. */
const room: fc.Arbitrary<WireRoom> = fc.oneof(
  name,
  fc.maxSafeInteger(),
  fc
    // At most a hundred characters with the sign, the limit of python-engineio.
    .bigInt({ min: -(10n ** 98n), max: 10n ** 99n })
    .map((digits) => (Number.isSafeInteger(Number(digits)) ? Number(digits) : digits)),
);
const rooms = fc.option(fc.array(room, { minLength: 1, maxLength: 4 }));
const callbackId = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const callback = fc.record({ room: fc.option(room), namespace, id: callbackId });

const node = fc.option(
  fc
    .record(
      {
        volatile: fc.constant(true),
        compress: fc.boolean(),
        null: fc.constant(true),
        list: fc.constant(true),
        ackTimeout: fc.nat(),
        sequence: fc.integer({ min: 1 }),
        unskipped: text,
      },
      { requiredKeys: [] },
    )
    .filter((keys) => Object.keys(keys).length > 0),
  { nil: undefined },
);

const acknowledged = fc
  .array(fc.jsonValue())
  .filter((args) => surveyJson(Buffer.from(JSON.stringify(args)), MAX_DEPTH).unsafeKey === undefined);

const method = <Name extends string>(...names: readonly [Name, ...Name[]]) => fc.constantFrom(...names);
const members = { rooms, exceptRooms: fc.array(name), namespace, hostId };

/** Everything that a host can publish. */
export const outgoing: fc.Arbitrary<OutgoingMessage> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      method: method("emit"),
      event,
      args: fc.array(value, { maxLength: 4 }),
      namespace,
      rooms,
      skipSids: fc.array(name, { maxLength: 4 }),
      exceptRooms: fc.array(name, { maxLength: 4 }),
      callback: fc.option(callback),
      node,
      hostId,
    }),
  },
  fc.record({ method: method("callback"), callback, args: acknowledged, hostId }),
  fc.record({ method: method("disconnect"), sid: text, namespace, hostId }),
  fc.record({ method: method("enter_room", "leave_room"), sid: text, room, namespace, hostId }),
  fc.record({ method: method("close_room"), room, namespace, hostId }),
  fc.record({ method: method("node_join", "node_leave"), names: fc.array(name), ...members }),
  fc.record({ method: method("node_disconnect"), close: fc.boolean(), ...members }),
  fc.record({ method: method("node_checkpoint"), number: fc.integer({ min: 1 }), hostId }),
);

/** Lists within lists. */
export const nested = (levels: number, innermost: unknown = 1): unknown =>
  Array.from({ length: levels }).reduce((inner) => [inner], innermost);

const circular: Record<string, unknown> = {};
circular.self = { again: [circular] };

/** What plain JavaScript passes as an argument, whether other hosts would accept it or not. */
export const anyArgument: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: value },
  { weight: 2, arbitrary: fc.jsonValue() },
  fc
    .record({
      key: fc.constantFrom("__proto__", "constructor", "prototype", "_placeholder"),
      inner: value,
      bytes: value,
    })
    .map(({ key, inner, bytes }) => [
      JSON.parse(`{"a": {"${key}": {"prototype": 1}, "b": 0}}`),
      { [key]: inner },
      bytes,
    ]),
  fc.record({ _placeholder: fc.boolean(), num: fc.integer({ min: -1, max: 2 }), b: value }),
  fc.integer({ min: 990, max: 1_003 }).map((levels) => nested(levels)),
  fc.integer({ min: 990, max: 1_003 }).map((levels) => nested(levels, Buffer.from("x"))),
  fc.integer({ min: 990, max: 1_003 }).map((levels) => [Buffer.from("x"), nested(levels)]),
  fc.integer({ min: 0, max: 3_000 }).map((length) => Array(length).fill(0)),
  fc.integer({ min: 0, max: 5_000 }).map((length) => "x".repeat(length)),
  fc.integer({ min: 0, max: 2_000 }).map((length) => "ů".repeat(length)),
  fc.integer({ min: 0, max: 5_000 }).map((length) => Buffer.alloc(length)),
  fc.constantFrom(1n, circular, Symbol("s"), () => 1, new Map(), new Date(Number.NaN)),
);

/** What plain JavaScript passes to `compress()` and `timeout()`. */
export const anyFlags = fc.record({
  compress: fc.constantFrom<unknown>(undefined, null, true, false, 0, 1, "", "no", Number.NaN, {}),
  timeout: fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom<unknown>(
      null,
      "5",
      "soon",
      {},
      -1,
      2 ** 31 - 1,
      2 ** 31,
      1.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
    ),
  ),
});

/** Every message that is attempted to be published, whether other hosts would accept it or not. */
export const attempted: fc.Arbitrary<OutgoingMessage> = fc
  .tuple(outgoing, fc.array(anyArgument, { maxLength: 3 }), fc.constantFrom("own", "own", "args", "event", "rooms"))
  .map(([message, args, change]) => {
    if (message.method === "callback") {
      return change === "own" ? message : { ...message, args };
    }
    if (message.method !== "emit" || change === "own") {
      return message;
    }
    const [name] = args as [string];
    const changes = { args: { args }, event: { event: name }, rooms: { rooms: [name, ...(message.rooms ?? [])] } };
    return { ...message, ...changes[change] };
  });
