import type { BroadcastOptions, Room } from "socket.io-adapter";
import {
  disconnectCommand,
  joinCommand,
  leaveCommand,
  type RoomCommand,
  type RoomCommandTarget,
} from "../../protocol/model/build-room-command.js";
import { disconnectHere, joinHere, leaveHere } from "../clients/local-operations.js";
import { hasClient, namespaceOf } from "../clients/namespace.js";
import { isLocalOnly, isSid, normalizeTarget, roomNames } from "../clients/target.js";
import type { OutboundDependencies } from "./dependencies.js";

/** `socketsJoin()`, `socketsLeave()` and `disconnectSockets()`: for clients of this host, and of all others. */
export class RoomCommands {
  readonly #dependencies: OutboundDependencies;

  constructor(dependencies: OutboundDependencies) {
    this.#dependencies = dependencies;
  }

  join(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = target && joinCommand(target, roomNames(rooms));
    joinHere(this.#dependencies.adapter, options, rooms);
    this.#publish("socketsJoin", command);
  }

  leave(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = target && leaveCommand(target, roomNames(rooms));
    leaveHere(this.#dependencies.adapter, options, rooms);
    this.#publish("socketsLeave", command);
  }

  /** @param close - whether the connection ends too, which may serve other namespaces; Python hosts leave it open */
  disconnect(options: BroadcastOptions, close: boolean): void {
    const target = this.#targetOf(options);
    // Built first: the clients of this host are gone afterwards.
    const command = target && disconnectCommand(target, close);
    disconnectHere(this.#dependencies.adapter, options, close);
    this.#publish("disconnectSockets", command);
  }

  /** @returns undefined where the operation is for this host alone */
  #targetOf(options: BroadcastOptions): RoomCommandTarget | undefined {
    const { adapter, cluster, looksLikeSid, toPythonRoom } = this.#dependencies;
    const target = normalizeTarget(options);
    if (isLocalOnly(target)) {
      return undefined;
    }
    const { name: namespace } = namespaceOf(adapter);
    return {
      namespace,
      hostId: cluster.hostId,
      rooms: roomNames(target.rooms),
      except: roomNames(target.except),
      isSid: (name) => isSid(adapter, name, looksLikeSid),
      isLocalClient: (sid) => hasClient(adapter, sid),
      toPythonRoom: (room) => (typeof room === "string" ? toPythonRoom(room, namespace) : room),
    };
  }

  #publish(operation: string, command: RoomCommand | undefined): void {
    const { cluster, publisher, reporter } = this.#dependencies;
    for (const message of command?.messages ?? []) {
      publisher.publish(message);
    }
    if (command?.isForNodeOnly && cluster.pythonHosts.areExpected) {
      reporter.warn(operation, `${operation}() reaches clients of Python hosts by sid only, not by a room`);
    }
  }
}
