import type { BroadcastOptions, Room } from "socket.io-adapter";
import {
  disconnectCommand,
  joinCommand,
  leaveCommand,
  NOTHING,
  type RoomCommand,
  type RoomCommandTarget,
} from "../../protocol/model/build-room-command.js";
import { disconnectHere, joinHere, leaveHere } from "../clients/local-operations.js";
import { hasClient, namespaceOf } from "../clients/namespace.js";
import { isLocalOnly, isRoom, normalizeTarget, roomNames } from "../clients/target.js";
import type { OutboundDependencies } from "./dependencies.js";

/** A command as it is published. */
interface EncodedCommand {
  readonly payloads: readonly (Uint8Array | string)[];
  readonly isForNodeOnly: boolean;
}

/**
 * `socketsJoin()`, `socketsLeave()` and `disconnectSockets()`: for clients of this host, and of all others. Each is encoded
 * first: what the channel cannot carry is an error, and applies to nobody. And clients that disconnect are gone afterwards.
 *
 * Methods throw a BridgeError `BRIDGE_INVALID_ARGUMENT`.
 */
export class RoomCommands {
  readonly #dependencies: OutboundDependencies;

  constructor(dependencies: OutboundDependencies) {
    this.#dependencies = dependencies;
  }

  join(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = this.#encode(target && joinCommand(target, roomNames(rooms)));
    joinHere(this.#dependencies.adapter, options, rooms);
    this.#publish("socketsJoin", command);
  }

  leave(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = this.#encode(target && leaveCommand(target, roomNames(rooms)));
    leaveHere(this.#dependencies.adapter, options, rooms);
    this.#publish("socketsLeave", command);
  }

  /** @param close - whether the connection ends too, which may serve other namespaces; Python hosts leave it open */
  disconnect(options: BroadcastOptions, close: boolean): void {
    const target = this.#targetOf(options);
    const command = this.#encode(target && disconnectCommand(target, close));
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
      looksLikeSid,
      isRoom: (name) => isRoom(adapter, name),
      isLocalClient: (sid) => hasClient(adapter, sid),
      toPythonRoom: (room) => (typeof room === "string" ? toPythonRoom(room, namespace) : room),
    };
  }

  #encode({ messages, isForNodeOnly }: RoomCommand = NOTHING): EncodedCommand {
    return { payloads: messages.map(this.#dependencies.publisher.encode), isForNodeOnly };
  }

  #publish(operation: string, { payloads, isForNodeOnly }: EncodedCommand): void {
    const { cluster, publisher, reporter } = this.#dependencies;
    for (const payload of payloads) {
      publisher.publishEncoded(payload);
    }
    if (isForNodeOnly && cluster.pythonHosts.areExpected) {
      reporter.warn(operation, `${operation}() reaches clients of Python hosts by sid only, not by a room`);
    }
  }
}
