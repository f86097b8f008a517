import type { BroadcastOptions, Room } from "socket.io-adapter";
import { type AckTicket, askClientApart } from "../../protocol/model/ask-client-apart.js";
import type { CallbackRef, WireRoom } from "../../protocol/model/messages.js";
import { buildEmitExtension } from "../../protocol/model/node-extension.js";
import type { EncodedEmit, OutgoingEmit } from "../../protocol/model/outgoing.js";
import { quote } from "../../util/quote.js";
import { hasClient, namespaceOf } from "../clients/namespace.js";
import { isRoom, roomNames, type Target } from "../clients/target.js";
import type { OutboundDependencies } from "./dependencies.js";

/** What plain and acknowledged emits of one namespace have in common: encode, show to `onEmit` listeners, publish. */
export class OutgoingEmits {
  readonly #dependencies: OutboundDependencies;
  readonly #namespace: string;

  constructor(dependencies: OutboundDependencies) {
    this.#dependencies = dependencies;
    this.#namespace = namespaceOf(dependencies.adapter).name;
  }

  /**
   * @param data - name and arguments
   * @param sequence - this host's number for it, if it keeps a history
   * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry
   */
  encode(data: readonly unknown[], target: Target, options: BroadcastOptions, sequence?: number): EncodedEmit {
    return this.#dependencies.publisher.encodeEmit(this.#build(data, target, options, null, sequence));
  }

  /**
   * @param ticket - what acknowledgements come back with, undefined where none are collected
   * @returns messages, in the order in which they are to be published
   * @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry
   */
  encodeWithAck(
    data: readonly unknown[],
    target: Target,
    options: BroadcastOptions,
    ticket: AckTicket | undefined,
  ): readonly EncodedEmit["payload"][] {
    const emit = this.#build(data, target, options, ticket?.callback ?? null);
    const messages = ticket === undefined ? [emit] : askClientApart(emit, ticket);
    return messages.map(this.#dependencies.publisher.encode);
  }

  #build(
    data: readonly unknown[],
    target: Target,
    { flags = {} }: BroadcastOptions,
    callback: CallbackRef | null,
    sequence?: number,
  ): OutgoingEmit {
    const { adapter, cluster } = this.#dependencies;
    const [event, ...args] = data;
    const rooms = roomNames(target.rooms);
    const except = roomNames(target.except);
    // Python skips sids only, so what may be a room is named once more, for Node hosts. The room of a client of this host
    // need not be: no other host has that client.
    const exceptRooms = except.filter((name) => !hasClient(adapter, name));
    this.#warnOfExceptRooms(exceptRooms);
    return {
      method: "emit",
      event: String(event),
      args,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.pythonRoom(room)),
      skipSids: except,
      exceptRooms,
      callback,
      node: buildEmitExtension(args, flags, callback === null ? undefined : target.timeout, sequence),
      namespace: this.#namespace,
      hostId: cluster.hostId,
    };
  }

  notifyListeners(data: readonly unknown[], target: Target): void {
    const { cluster, reporter } = this.#dependencies;
    if (reporter.hasEmitListeners) {
      const [event, ...args] = data;
      const rooms = target.rooms.size === 0 ? null : [...target.rooms];
      reporter.emits.notify({
        namespace: this.#namespace,
        event: String(event),
        args,
        rooms,
        skipSids: [...target.except],
        hostId: cluster.hostId,
        origin: "local",
      });
    }
  }

  publish(payload: EncodedEmit["payload"]): void {
    this.#dependencies.publisher.publishEncoded(payload);
  }

  pythonRoom(room: Room): WireRoom {
    return this.#dependencies.toPythonRoom(room, this.#namespace);
  }

  /** Not all of its members can be excepted. */
  #warnOfExceptRooms(rooms: readonly string[]): void {
    const { adapter, cluster, looksLikeSid, reporter } = this.#dependencies;
    for (const room of rooms) {
      if (cluster.pythonHosts.areExpected && (isRoom(adapter, room) || !looksLikeSid(room))) {
        reporter.warnOnce(
          "except",
          `except ${this.#namespace} ${room}`,
          () => `except(${quote(room)}): members of that room on Python hosts get the event all the same`,
        );
      }
    }
  }
}
