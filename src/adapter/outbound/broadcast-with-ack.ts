import type { BroadcastOptions } from "socket.io-adapter";
import { publishWithAck } from "../../cluster/publish-with-ack.js";
import type { WireRoom } from "../../protocol/model/messages.js";
import type { Packet } from "../clients/event-packet.js";
import { broadcastWithAckHere } from "../clients/local-operations.js";
import { namespaceOf } from "../clients/namespace.js";
import { isLocalClient, isLocalOnly, normalizeTarget, remoteSid, roomNames, type Target } from "../clients/target.js";
import type { OutboundDependencies } from "./dependencies.js";
import type { OutgoingEmits } from "./outgoing-emits.js";

/**
 * How long before socket.io's own timer the collection ends, in milliseconds, for a timeout in milliseconds. That timer runs
 * already: a process that does not get a processor for as long, between the two, would have its emit fail although every
 * acknowledgement came.
 */
const marginOf = (timeout: number): number => Math.min(100, Math.max(10, timeout / 50));

/** `Adapter.broadcastWithAck`: an emit to clients of this host and of all others, which acknowledge it. */
export class BroadcastWithAck {
  readonly #dependencies: OutboundDependencies;
  readonly #emits: OutgoingEmits;

  constructor(dependencies: OutboundDependencies, emits: OutgoingEmits) {
    this.#dependencies = dependencies;
    this.#emits = emits;
  }

  /**
   * @param onDone - gets the number of acknowledgements when all have come
   * @param onAck - gets each, its first argument
   * @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; nobody got it then
   */
  send(
    packet: Packet,
    options: BroadcastOptions,
    onDone: (total: number) => void,
    onAck: (...args: unknown[]) => void,
  ): void {
    const { adapter, cluster, looksLikeSid } = this.#dependencies;
    const target = normalizeTarget(options);
    if (isLocalOnly(target) || isLocalClient(adapter, target)) {
      broadcastWithAckHere(adapter, packet, options, onDone, onAck);
      return;
    }
    const emit = {
      namespace: namespaceOf(adapter).name,
      room: this.#singleRoom(target),
      sid: remoteSid(adapter, target, looksLikeSid),
      timeout: target.timeout - marginOf(target.timeout),
      onAck,
      onDone,
    };
    publishWithAck(cluster, emit, (ticket, collector) => {
      if (ticket === undefined) {
        this.#warnOfLimit();
      }
      // The order of plain emits: encoded before anybody gets it, then own clients, then the channel.
      const encoded = this.#emits.encodeWithAck(packet.data, target, options, ticket);
      this.#emits.notifyListeners(packet.data, target);
      broadcastWithAckHere(
        adapter,
        packet,
        options,
        (clients) => collector.expectOwn(clients),
        (ack) => collector.addOwnAck(ack),
      );
      for (const payload of encoded) {
        this.#emits.publish(payload);
      }
    });
  }

  #singleRoom({ rooms }: Target): WireRoom | null {
    const [room] = roomNames(rooms);
    return room === undefined || rooms.size > 1 ? null : this.#emits.pythonRoom(room);
  }

  #warnOfLimit(): void {
    const { cluster, reporter } = this.#dependencies;
    reporter.warn("acks", `${cluster.acks.limit} acknowledgements are awaited already; this one can only time out`);
  }
}
