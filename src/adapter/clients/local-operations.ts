import type { Socket } from "socket.io";
import { Adapter, type BroadcastOptions, type Room } from "socket.io-adapter";
import type { Packet } from "./event-packet.js";
import { clientOf } from "./namespace.js";
import { type Recipients, recipientsOf } from "./recipients.js";

/*
 * What the in-memory adapter of socket.io-adapter does with the clients of this host. The methods of `NamespaceAdapter`
 * with the same names also publish to other hosts; these never do.
 */

export function broadcastHere(adapter: Adapter, packet: Packet, options: BroadcastOptions): void {
  Adapter.prototype.broadcast.call(adapter, packet, options);
}

/**
 * @param onCount - gets the number of clients, after all were sent the packet
 * @param onAck - called for each client that acknowledges, with its socket as `this`
 */
export function broadcastWithAckHere(
  adapter: Adapter,
  packet: Packet,
  options: BroadcastOptions,
  onCount: (clients: number) => void,
  onAck: (...args: unknown[]) => void,
): void {
  Adapter.prototype.broadcastWithAck.call(adapter, packet, options, onCount, onAck);
}

export function joinHere(adapter: Adapter, options: BroadcastOptions, rooms: Room[]): void {
  Adapter.prototype.addSockets.call(adapter, options, rooms);
}

export function leaveHere(adapter: Adapter, options: BroadcastOptions, rooms: Room[]): void {
  Adapter.prototype.delSockets.call(adapter, options, rooms);
}

/** @param close - whether the connection ends too, which may serve other namespaces */
export function disconnectHere(adapter: Adapter, options: BroadcastOptions, close: boolean): void {
  Adapter.prototype.disconnectSockets.call(adapter, options, close);
}

/** `Adapter.fetchSockets`, at once. */
export function clientsHere(adapter: Adapter, recipients: Recipients): Socket[] {
  const clients: Socket[] = [];
  for (const sid of recipientsOf(adapter, recipients)) {
    const client = clientOf(adapter, sid);
    if (client !== undefined) {
      clients.push(client);
    }
  }
  return clients;
}
