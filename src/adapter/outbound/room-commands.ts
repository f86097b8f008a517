import type { Adapter, BroadcastOptions, Room } from "socket.io-adapter";
import type { PythonHosts } from "../../cluster/python-hosts.js";
import type { WireRoom } from "../../protocol/model/messages.js";
import {
  disconnectCommand,
  joinCommand,
  leaveCommand,
  type RoomCommand,
  type RoomCommandTarget,
} from "../../protocol/model/room-commands.js";
import type { LooksLikeSid } from "../../protocol/model/sid.js";
import { disconnectHere, joinHere, leaveHere } from "../clients/local-operations.js";
import { hasClient, namespaceOf } from "../clients/namespace.js";
import { isLocalOnly, isSid, normalizeTarget, roomNames } from "../clients/target.js";
import type { Publisher } from "../publisher.js";
import type { Reporter } from "../reporting/reporter.js";

export interface RoomCommandsOptions {
  readonly adapter: Adapter;
  readonly hostId: string;
  readonly looksLikeSid: LooksLikeSid;
  readonly toPythonRoom: (room: string, namespace: string) => WireRoom;
  readonly pythonHosts: PythonHosts;
  readonly publisher: Publisher;
  readonly reporter: Reporter;
}

/** `socketsJoin()`, `socketsLeave()` and `disconnectSockets()`: for clients of this host, and of all others. */
export class RoomCommands {
  readonly #options: RoomCommandsOptions;

  constructor(options: RoomCommandsOptions) {
    this.#options = options;
  }

  join(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = target && joinCommand(target, roomNames(rooms));
    joinHere(this.#options.adapter, options, rooms);
    this.#publish("socketsJoin", command);
  }

  leave(options: BroadcastOptions, rooms: Room[]): void {
    const target = this.#targetOf(options);
    const command = target && leaveCommand(target, roomNames(rooms));
    leaveHere(this.#options.adapter, options, rooms);
    this.#publish("socketsLeave", command);
  }

  /** @param close - whether the connection ends too, which may serve other namespaces; Python hosts leave it open */
  disconnect(options: BroadcastOptions, close: boolean): void {
    const target = this.#targetOf(options);
    // Built first: the clients of this host are gone afterwards.
    const command = target && disconnectCommand(target, close);
    disconnectHere(this.#options.adapter, options, close);
    this.#publish("disconnectSockets", command);
  }

  /** @returns undefined where the operation is for this host alone */
  #targetOf(options: BroadcastOptions): RoomCommandTarget | undefined {
    const { adapter, hostId, looksLikeSid, toPythonRoom } = this.#options;
    const target = normalizeTarget(options);
    if (isLocalOnly(target)) {
      return undefined;
    }
    const { name: namespace } = namespaceOf(adapter);
    return {
      namespace,
      hostId,
      rooms: roomNames(target.rooms),
      except: roomNames(target.except),
      isSid: (name) => isSid(adapter, name, looksLikeSid),
      isLocalClient: (sid) => hasClient(adapter, sid),
      toPythonRoom: (room) => (typeof room === "string" ? toPythonRoom(room, namespace) : room),
    };
  }

  #publish(operation: string, command: RoomCommand | undefined): void {
    const { publisher, pythonHosts, reporter } = this.#options;
    for (const message of command?.messages ?? []) {
      publisher.publish(message);
    }
    if (command?.isForNodeOnly && pythonHosts.areExpected) {
      reporter.warn(operation, `${operation}() reaches clients of Python hosts by sid only, not by a room`);
    }
  }
}
