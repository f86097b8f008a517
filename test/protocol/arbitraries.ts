import fc from "fast-check";
import type { WireRoom } from "../../src/protocol/model/messages.js";
import { RESERVED_EVENTS } from "../../src/protocol/model/messages.js";
import type { OutgoingMessage } from "../../src/protocol/model/outgoing.js";

/** Any UTF-16, including lone surrogates. */
export const text = fc.string({
  unit: fc.oneof(
    { weight: 8, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }) },
    fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    fc.constantFrom('"', "\\", "/", "\u0000", "\u007f", "\u2028", "\ud800", "\udc00"),
  ),
});

const UNSAFE = new Set(["__proto__", "constructor"]);
const name = text.filter((one) => !UNSAFE.has(one));

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
    fc.dictionary(name, tie("value")),
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
      },
      { requiredKeys: [] },
    )
    .filter((keys) => Object.keys(keys).length > 0),
  { nil: undefined },
);

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
  fc.record({ method: method("callback"), callback, args: fc.array(fc.jsonValue()), hostId }),
  fc.record({ method: method("disconnect"), sid: text, namespace, hostId }),
  fc.record({ method: method("disconnect"), sid: text, close: fc.constant(true), namespace, hostId }),
  fc.record({ method: method("enter_room", "leave_room"), sid: text, room, namespace, hostId }),
  fc.record({ method: method("close_room"), room, namespace, hostId }),
  fc.record({ method: method("node_join", "node_leave"), names: fc.array(name), ...members }),
  fc.record({ method: method("node_disconnect"), close: fc.boolean(), ...members }),
  fc.record({ method: method("node_checkpoint"), number: fc.integer({ min: 1 }), hostId }),
);
