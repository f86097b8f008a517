import type { SenderName, SystemName } from "./names.js";

/** What one measurement differs in from the others. */
export interface Case {
  readonly name: string;
  /** As the tables have it. */
  readonly title: string;
  readonly bytes: number;
  readonly recipients: number;
  /** Whether the room has a member on this server. */
  readonly hasMember: boolean;
  /** Rooms of each recipient beside the one that is emitted to. */
  readonly otherRooms: number;
  readonly sender: SenderName;
  /** Rooms on the host in which there are only clients that are sent nothing. */
  readonly idleRooms: number;
  readonly systems: readonly SystemName[];
}

const NODE: readonly SystemName[] = ["bridge", "relay-off", "redis-adapter", "sharded", "streams"];
const ALL: readonly SystemName[] = ["floor", ...NODE, "python-async", "flask"];
const SERVERS: readonly SystemName[] = [...NODE, "python-async", "flask"];

const KB = 1_024;

const BASE = { bytes: KB, recipients: 1, hasMember: true, otherRooms: 0, sender: "worker", idleRooms: 0 } as const;

function define(name: string, title: string, systems: readonly SystemName[], parts: Partial<Case> = {}): Case {
  return { ...BASE, ...parts, name, title, systems };
}

/** One factor at a time differs from the first. */
export const CASES: readonly Case[] = [
  define("1kb", "1 KB, 1 recipient", ALL),
  define("100b", "100 B", ALL, { bytes: 100 }),
  define("16kb", "16 KB", ALL, { bytes: 16 * KB }),
  define("64kb", "64 KB", ALL, { bytes: 64 * KB }),
  define("100-recipients", "100 recipients", SERVERS, { recipients: 100 }),
  define(
    "1000-recipients",
    "1000 recipients",
    SERVERS.filter((system) => system !== "flask"),
    { recipients: 1_000 },
  ),
  define("no-member", "room with no member, 1 KB", ALL, { hasMember: false }),
  define("no-member-64kb", "room with no member, 64 KB", ALL, { hasMember: false, bytes: 64 * KB }),
  define("10-other-rooms", "10 other rooms per client", NODE, { otherRooms: 10 }),
  define("1000-other-rooms", "1000 other rooms per client", NODE, { otherRooms: 1_000 }),
  define("from-emitter", "emitted by createEmitter", ["bridge", "relay-off"], { sender: "emitter" }),
  define("from-host", "emitted by the server itself", NODE, { sender: "host" }),
  define("10-rooms", "10 rooms on the host", ["bridge", "relay-off", "redis-adapter"], { idleRooms: 10 }),
  define("100000-rooms", "100,000 rooms on the host", ["bridge", "relay-off", "redis-adapter"], {
    idleRooms: 100_000,
  }),
];

export function caseOf(name: string): Case {
  const found = CASES.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`there is no case ${name}`);
  }
  return found;
}

const MAX_IN_FLIGHT = 64;
const MAX_BYTES_IN_FLIGHT = 4 * 2 ** 20;

/** How many messages may be on their way, so that nothing is cut off for being slow. */
export function windowOf({ bytes, recipients }: Case): number {
  return Math.max(4, Math.min(MAX_IN_FLIGHT, Math.floor(MAX_BYTES_IN_FLIGHT / (bytes * recipients))));
}
