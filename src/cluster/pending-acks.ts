import { type CallbackMessage, type CallbackRef, roomName, type WireRoom } from "../protocol/model/messages.js";
import type { AckCountMessage, AckMessage } from "../protocol/side-channel/messages.js";
import type { AckCollector } from "./ack-collector.js";

export interface PendingEmit {
  /** As Python knows it; null for several rooms or everyone. */
  readonly room: WireRoom | null;
  /** The one in which the client is asked apart, if it is. */
  readonly clientRoom?: string | undefined;
  readonly namespace: string;
  readonly collector: AckCollector;
}

interface Entry extends PendingEmit {
  readonly timer: NodeJS.Timeout;
}

/**
 * Emits of this process that wait for acknowledgements of other hosts. Each entry ends with its last acknowledgement, its
 * timeout or `close()`.
 *
 * Python counts from 1 per room. Here one counter serves all, since an acknowledgement brings the room back with the number.
 */
export class PendingAcks {
  readonly limit: number;
  readonly #entries = new Map<number, Entry>();
  #lastId = 0;
  #unknown = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many acknowledgements came that nothing waited for: late, repeated, or never requested. */
  get unknownCount(): number {
    return this.#unknown;
  }

  /**
   * @param timeout - milliseconds until the collector expires
   * @returns what to publish with the emit, undefined when `limit` emits are pending
   */
  add(emit: PendingEmit, timeout: number): CallbackRef | undefined {
    if (this.#entries.size >= this.limit) {
      return undefined;
    }
    const { room, namespace, collector } = emit;
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = setTimeout(() => {
      this.#entries.delete(id);
      collector.expire();
    }, timeout);
    this.#entries.set(id, { ...emit, timer });
    collector.onSettled(() => {
      clearTimeout(timer);
      this.#entries.delete(id);
    });
    return { room, namespace, id };
  }

  /** From a host that does not count its clients: a Python host. */
  addPythonAck({ callback, args }: CallbackMessage): void {
    const entry = this.#entries.get(callback.id);
    const isClient = entry?.clientRoom !== undefined && entry.clientRoom === callback.room;
    if (entry?.namespace === callback.namespace && (isClient || isSameRoom(entry.room, callback.room))) {
      entry.collector.addPythonAck(args[0], isClient);
    } else {
      this.#unknown += 1;
    }
  }

  /** @param joined - `Peers.joined()` of the sender */
  expectFromPeer({ from, id, clients, isClient }: AckCountMessage, joined: number | undefined): void {
    this.#entries.get(id)?.collector.expectFromPeer(from, joined, clients, isClient);
  }

  addPeerAck({ from, id, sequence, args }: AckMessage): void {
    if (!this.#entries.get(id)?.collector.addPeerAck(from, sequence, args[0])) {
      this.#unknown += 1;
    }
  }

  /** That host sends no more acknowledgements. @param joined - `Peers.joined()` of it while it was there */
  peerLeft(host: string, joined: number): void {
    for (const { collector } of this.#entries.values()) {
      collector.peerLeft(host, joined);
    }
  }

  close(): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { timer, collector } of entries) {
      clearTimeout(timer);
      collector.close();
    }
  }
}

/** A bigint that a double can hold comes back as a number. */
function isSameRoom(one: WireRoom | null, other: WireRoom | null): boolean {
  return one === null || other === null ? one === other : roomName(one) === roomName(other);
}
