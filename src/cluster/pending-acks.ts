import { type CallbackMessage, type CallbackRef, roomName, type WireRoom } from "../protocol/model/messages.js";
import type { AckCountMessage, AckMessage } from "../protocol/side-channel/messages.js";
import type { AckCollector } from "./ack-collector.js";

/** One emit of this host that waits for answers from others. */
interface Waiting {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly ask: AckCollector;
  readonly timer: NodeJS.Timeout;
}

export interface AckRequest {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly collector: AckCollector;
  /** Milliseconds. */
  readonly timeout: number;
}

/**
 * Acknowledgements that other hosts owe this one. Every entry ends by its last answer, its timeout or `close()`.
 *
 * Python counts from 1 per room; here one count serves all, since an answer brings the room back with the number.
 */
export class PendingAcks {
  readonly #limit: number;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** @returns what to send with the emit, or undefined when the table is full */
  add({ room, namespace, collector: ask, timeout }: AckRequest): CallbackRef | undefined {
    if (this.#waiting.size >= this.#limit) {
      return undefined;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      ask.expire();
    }, timeout);
    this.#waiting.set(id, { room, namespace, ask, timer });
    ask.onSettled(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
    return { room, namespace, id };
  }

  /** From a host that does not count, which is a Python host. @returns false when nobody waits for it */
  addPythonAck({ callback, args }: CallbackMessage): boolean {
    const waiting = this.#waiting.get(callback.id);
    if (waiting === undefined || !isSameRoom(waiting.room, callback.room) || waiting.namespace !== callback.namespace) {
      return false;
    }
    waiting.ask.addPythonAck(args[0]);
    return true;
  }

  expectFromPeer({ from, id, clients }: AckCountMessage): void {
    this.#waiting.get(id)?.ask.expectFromPeer(from, clients);
  }

  /** @returns false when nobody waits for it: late, repeated, or never asked for */
  addPeerAck({ from, id, sequence: number, args }: AckMessage): boolean {
    return this.#waiting.get(id)?.ask.addPeerAck(from, number, args[0]) ?? false;
  }

  /** That host will not answer any more. */
  peerLeft(host: string): void {
    for (const { ask } of this.#waiting.values()) {
      ask.peerLeft(host);
    }
  }

  close(): void {
    for (const { timer } of this.#waiting.values()) {
      clearTimeout(timer);
    }
    this.#waiting.clear();
  }
}

/** A bigint that a double can hold comes back as a number. */
function isSameRoom(one: WireRoom | null, other: WireRoom | null): boolean {
  return one === null || other === null ? one === other : roomName(one) === roomName(other);
}
