import type { Random } from "../chaos/random.js";
import { Entries, ExtData, map, nested, Raw } from "./wire.js";

/** What hostile frames refer to, so that they get further than to the first check. */
export interface Knowledge {
  /** `host_id`s of hosts that are there. */
  readonly hosts: readonly string[];
  readonly sids: readonly string[];
}

const NUMBERS = [
  ...["0", "-0", "1", "-1", "1.0", "1e400", "-1e-400", "NaN", "Infinity", "-Infinity", "9007199254740991"],
  ...["9007199254740993", "-9223372036854775809", "18446744073709551616", "4294967296", "1e308", "5e-324"],
];

const KEYS = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "then", "length", "toJSON"],
  ...["", "_placeholder", "num", "0", "-1", "method", "data", "\u0000", "\ud800", "ž".repeat(40)],
];

const TEXTS = [
  ...[
    "",
    "/",
    "a",
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "__proto__",
    "constructor",
  ],
  ...["\u0000", "\u009b31m", "\u2028", "\u202e", "\ud800", "\r\n", "AA==", "A", "==", "AAAAAAAAAAAAAAAAAAAA"],
  ...["/admin", "/".repeat(300), "x".repeat(10_000), "0".repeat(400), "1\ue000", "[]", "{", "\u001b[2J"],
];

function number(random: Random): Raw {
  return new Raw(
    random.chance(0.1) ? random.one(["", "-"]) + "9".repeat(random.logUniform(1, 3_000)) : random.one(NUMBERS),
  );
}

function text(random: Random, { hosts, sids }: Knowledge): string {
  const known = [...hosts, ...sids];
  return random.chance(0.3) && known.length > 0 ? random.one(known) : random.one(TEXTS);
}

/** Anything, in proportion to what it can break. */
export function value(random: Random, known: Knowledge, depth = 0): unknown {
  const kind = random.whole(1, depth > 6 ? 6 : 12);
  switch (kind) {
    case 1:
      return null;
    case 2:
      return random.chance(0.5);
    case 3:
    case 4:
      return number(random);
    case 5:
    case 6:
      return text(random, known);
    case 7:
      return Array.from({ length: random.whole(0, 4) }, () => value(random, known, depth + 1));
    case 8:
    case 9:
      return new Entries(
        Array.from({ length: random.whole(0, 4) }, () => [random.one(KEYS), value(random, known, depth + 1)] as const),
      );
    case 10:
      return map({ _placeholder: random.chance(0.8), num: random.one([0, 1, 2, -1, new Raw("1e9"), "0", null]) });
    case 11:
      return random.one([
        nested(random.logUniform(1, 3_000)),
        Array.from({ length: random.logUniform(1, 3_000) }, () => random.one([null, "", 0])),
        new Uint8Array(random.logUniform(1, 3_000)),
      ]);
    default:
      return new ExtData(random.whole(0, 127), new Uint8Array(random.whole(0, 20)));
  }
}

type Maker = (random: Random, known: Knowledge) => unknown;

const anyText: Maker = (random, known) => text(random, known);
const anyList: Maker = (random, known) => Array.from({ length: random.whole(0, 4) }, () => value(random, known));
const host: Maker = (random, { hosts }) =>
  random.chance(0.7) && hosts.length > 0
    ? random.one(hosts)
    : random.one(["f".repeat(32), "0".repeat(32), "F".repeat(32)]);
const sid: Maker = (random, { sids }) => (sids.length > 0 ? random.one(sids) : "AAAAAAAAAAAAAAAAAAAA");
const room: Maker = (random, known) =>
  random.one([null, "a", 42, new Raw("9007199254740993"), ["a", "b"], sid(random, known)]);
const namespace: Maker = (random) => random.one(["/", "/", "/", "/admin"]);
const id: Maker = (random) => random.one([0, 1, 2, 1_000, new Raw("9007199254740991")]);
const event: Maker = (random) => random.one(["relayed", "asked", "other"]);
const yes: Maker = (random) => random.chance(0.5);
const extension: Maker = (random, known) =>
  map({
    volatile: random.chance(0.5),
    compress: random.chance(0.5),
    list: random.chance(0.5),
    null: random.chance(0.5),
    ackTimeout: id(random, known),
    sequence: id(random, known),
    unskipped: sid(random, known),
    ignore: random.chance(0.2),
  });

const COMMON = { namespace, host_id: host };

/** `docs/protocol.md`, messages of the channel: by `method`, how each key is made. */
const METHODS: Readonly<Record<string, Readonly<Record<string, Maker>>>> = {
  emit: {
    ...{ event, data: value, room, skip_sid: room, binary: yes, node: extension, except: anyList, ...COMMON },
    callback: (random, known) => random.one([null, [room(random, known), "/", 1]]),
  },
  callback: { sid: room, id, args: anyList, ...COMMON },
  disconnect: { sid: () => "AAAAAAAAAAAAAAAAAAAA", node: extension, ...COMMON },
  enter_room: { sid, room: anyText, node: extension, ...COMMON },
  leave_room: { sid, room: anyText, node: extension, ...COMMON },
  close_room: { room: anyText, node: extension, ...COMMON },
  node_join: { room, except: anyList, names: anyList, ...COMMON },
  node_leave: { room, except: anyList, names: anyList, ...COMMON },
  node_disconnect: { room: () => "nobody", except: anyList, close: yes, ...COMMON },
  node_checkpoint: { number: id, ...COMMON },
  unknown: { data: value, ...COMMON },
};

/** The same of the side channel, by `type`. */
const TYPES: Readonly<Record<string, Readonly<Record<string, Maker>>>> = {
  hello: { isHost: yes, interval: id, pythonSeenAgo: id },
  heartbeat: { isHost: yes, interval: id, pythonSeenAgo: id },
  bye: {},
  fetch_sockets: { id, namespace, rooms: anyList, except: anyList },
  all_rooms: { id, namespace },
  server_side_emit: { id, namespace, args: anyList, isAcknowledged: yes },
  transfer_session: { id, namespace, pid: anyText, offset: anyText },
  group: { group: anyText, to: anyList, payload: value },
  exported_sessions: { namespace, items: anyList },
  reply: { to: host, id, part: id, isLast: yes, items: anyList, error: anyText },
  ack_count: { to: host, id, clients: id, isClient: yes },
  ack: { to: host, id, sequence: id, args: anyList },
  unknown: { id },
};

/** A forged peer must not stand in the place of a real one, whose answers are waited for. */
const stranger: Maker = (random) =>
  random
    .whole(0, 2 ** 31 - 1)
    .toString(16)
    .padStart(32, "0");

function messageOf(
  random: Random,
  known: Knowledge,
  makers: Readonly<Record<string, Maker>>,
  first: readonly [string, unknown],
): Entries {
  const entries: [string, unknown][] = [[...first]];
  for (const [key, make] of Object.entries(makers)) {
    const fate = random.whole(1, 20);
    if (fate === 1) {
      continue;
    }
    entries.push([key, fate <= 4 ? value(random, known) : make(random, known)]);
    if (fate === 5) {
      entries.push([key, value(random, known)]);
    }
  }
  return new Entries(entries);
}

/** A message of the channel. */
export function channelMessage(random: Random, known: Knowledge): Entries {
  const method = random.one(Object.keys(METHODS));
  return messageOf(random, known, METHODS[method] ?? {}, ["method", method]);
}

/** A message of the side channel. */
export function sideChannelMessage(random: Random, known: Knowledge): Entries {
  const type = random.one(Object.keys(TYPES));
  return messageOf(random, known, { from: stranger, ...TYPES[type] }, ["type", type]);
}
