import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import { clientsHere } from "../clients/local-operations.js";
import { namespaceOf } from "../clients/namespace.js";
import { isLocalClient, isLocalOnly, normalizeTarget, roomNames } from "../clients/target.js";

/** What socket.io makes a `RemoteSocket` of. */
export interface SocketDescription {
  readonly id: string;
  readonly handshake: object;
  readonly rooms: Iterable<string>;
  readonly data: unknown;
}

/**
 * `Adapter.fetchSockets`: the clients of this host, and those of all other Node hosts.
 *
 * @param requestsTimeout - milliseconds, where the caller gives none
 * @throws BridgeError rejects as `Cluster.request`
 */
export async function fetchSockets(
  adapter: Adapter,
  options: BroadcastOptions,
  cluster: Cluster,
  requestsTimeout: number,
): Promise<SocketDescription[]> {
  const target = normalizeTarget(options);
  const own: SocketDescription[] = clientsHere(adapter, target);
  if (isLocalOnly(target) || isLocalClient(adapter, target)) {
    return own;
  }
  const [rooms, except] = [roomNames(target.rooms), roomNames(target.except)];
  const request = { type: "fetch_sockets", namespace: namespaceOf(adapter).name, rooms, except } as const;
  const items = await cluster.request(request, target.timeout || requestsTimeout);
  return [...own, ...readDescriptions(items)];
}

/**
 * The names of all rooms with clients on Node hosts.
 *
 * @param requestsTimeout - milliseconds
 * @throws BridgeError rejects as `Cluster.request`
 */
export async function allRooms(adapter: Adapter, cluster: Cluster, requestsTimeout: number): Promise<Set<Room>> {
  const request = { type: "all_rooms", namespace: namespaceOf(adapter).name } as const;
  const others = await cluster.request(request, requestsTimeout);
  return new Set([...adapter.rooms.keys(), ...roomNames(others as readonly Room[])]);
}

/** What other Node hosts claim is trusted, its form is not: they may run another release. */
function readDescriptions(items: readonly unknown[]): readonly SocketDescription[] {
  return items
    .filter(isDescription)
    .map(({ id, handshake, rooms, data }) => ({ id, handshake, rooms: new Set(rooms), data }));
}

function isDescription(item: unknown): item is SocketDescription {
  const { id, handshake, rooms } = (item ?? {}) as Partial<Record<keyof SocketDescription, unknown>>;
  return typeof id === "string" && typeof handshake === "object" && Array.isArray(rooms);
}
