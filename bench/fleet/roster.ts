import { ASYNC_BUSES, type BusName } from "../faults/names.js";

/** What a process of the fleet is. */
export type MemberKind = "node-host" | "node-emitter" | "python-host" | "python-async-host" | "python-emitter";

/** A process of the fleet; it keeps its name when it is killed and started again. */
export interface MemberPlan {
  readonly name: string;
  readonly kind: MemberKind;
}

export const isHost = ({ kind }: MemberPlan): boolean => kind.endsWith("-host");
export const isNode = ({ kind }: MemberPlan): boolean => kind.startsWith("node-");

/** Some Node hosts, a Python host of each sort that the broker's managers allow, and emitters without a server. */
export function rosterOf(bus: BusName, nodeHosts: number): readonly MemberPlan[] {
  return [
    ...Array.from({ length: nodeHosts }, (_, index) => ({ name: `node-${index + 1}`, kind: "node-host" }) as const),
    { name: "python-threads", kind: "python-host" },
    ...(ASYNC_BUSES.includes(bus) ? [{ name: "python-asyncio", kind: "python-async-host" } as const] : []),
    { name: "node-emitter", kind: "node-emitter" },
    { name: "python-emitter", kind: "python-emitter" },
  ];
}

/** Every client is in some of these rooms, by the position of its host in the roster. */
export const ROOMS = ["even", "most"] as const;
export type Room = (typeof ROOMS)[number];

export function roomsOf(position: number): readonly Room[] {
  return ROOMS.filter((room) => (room === "even" ? position % 2 === 0 : position % 3 !== 2));
}
