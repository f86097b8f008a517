import type { SenderName, SystemName } from "./systems.js";

/**
 * How a case is driven: at saturation; at a steady rate, so low that messages are handled one by one; at half of the
 * system's throughput; or with idle clients, to measure their memory.
 */
export type Drive =
  | { readonly kind: "saturated" }
  | { readonly kind: "steady"; readonly rate: number }
  | { readonly kind: "half" }
  | { readonly kind: "memory" };

/** The parameters of a measurement. */
export interface Case {
  readonly name: string;
  /** In tables. */
  readonly title: string;
  readonly drive: Drive;
  readonly bytes: number;
  readonly recipients: number;
  /** Whether the room has a member on this server. */
  readonly hasMember: boolean;
  /** Further rooms of each recipient. */
  readonly otherRooms: number;
  readonly sender: SenderName;
  /** Rooms on the host that have only idle clients. */
  readonly idleRooms: number;
  readonly systems: readonly SystemName[];
}

const NODE: readonly SystemName[] = ["bridge", "passthrough-off", "redis-adapter", "sharded", "streams"];
const SERVERS: readonly SystemName[] = [...NODE, "python-async", "flask"];
const ALL: readonly SystemName[] = ["floor", ...SERVERS];
const BAR: readonly SystemName[] = ["floor", "bridge", "passthrough-off", "redis-adapter"];
const ROOMS: readonly SystemName[] = ["bridge", "passthrough-off", "redis-adapter"];

const KB = 1_024;

/** Clients whose memory is measured. They are connected, and only in their own rooms. */
export const MEMORY_CLIENTS = 2_000;

const BASE: Omit<Case, "name" | "title" | "systems"> = {
  drive: { kind: "saturated" },
  bytes: KB,
  recipients: 1,
  hasMember: true,
  otherRooms: 0,
  sender: "worker",
  idleRooms: 0,
};

function define(name: string, title: string, systems: readonly SystemName[], parts: Partial<Case> = {}): Case {
  return { ...BASE, ...parts, name, title, systems };
}

/** Each differs from the first in one factor. */
export const CASES: readonly Case[] = [
  define("1kb", "1 KB, 1 recipient", ALL),
  define("100b", "100 B", ALL, { bytes: 100 }),
  define("16kb", "16 KB", ALL, { bytes: 16 * KB }),
  define("64kb", "64 KB", ALL, { bytes: 64 * KB }),
  define("100-recipients", "100 recipients", SERVERS, { recipients: 100 }),
  define("1000-recipients", "1000 recipients", [...NODE, "python-async"], { recipients: 1_000 }),
  define("no-member", "room with no member, 1 KB", ALL, { hasMember: false }),
  define("no-member-64kb", "room with no member, 64 KB", ALL, { hasMember: false, bytes: 64 * KB }),
  define("10-other-rooms", "10 other rooms per client", NODE, { otherRooms: 10 }),
  define("1000-other-rooms", "1000 other rooms per client", NODE, { otherRooms: 1_000 }),
  define("from-emitter", "emitted by createEmitter", ["bridge", "passthrough-off"], { sender: "emitter" }),
  define("from-host", "emitted by the server itself", NODE, { sender: "host" }),
  define("10-rooms", "10 rooms on the host", ROOMS, { idleRooms: 10 }),
  define("100000-rooms", "100,000 rooms on the host", ROOMS, { idleRooms: 100_000 }),
  define("steady-1kb", "1 KB, one by one", BAR, { drive: { kind: "steady", rate: 2_000 } }),
  define("steady-64kb", "64 KB, one by one", BAR, { drive: { kind: "steady", rate: 200 }, bytes: 64 * KB }),
  define("steady-no-member", "room with no member, 1 KB, one by one", BAR, {
    drive: { kind: "steady", rate: 2_000 },
    hasMember: false,
  }),
  define("steady-no-member-64kb", "room with no member, 64 KB, one by one", BAR, {
    drive: { kind: "steady", rate: 200 },
    hasMember: false,
    bytes: 64 * KB,
  }),
  define("half-load", "1 KB at half load", SERVERS, { drive: { kind: "half" } }),
  define("memory", "memory per client", ["plain", ...SERVERS], { drive: { kind: "memory" } }),
];

/** @throws Error when there is none of that name */
export function caseOf(name: string): Case {
  const found = CASES.find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`there is no case ${name}`);
  }
  return found;
}

const MAX_IN_FLIGHT = 64;
const MAX_BYTES_IN_FLIGHT = 4 * 2 ** 20;

/** How many messages may be in flight, so that no slow client is disconnected. */
export function windowOf({ bytes, recipients }: Case): number {
  return Math.max(4, Math.min(MAX_IN_FLIGHT, Math.floor(MAX_BYTES_IN_FLIGHT / (bytes * recipients))));
}
