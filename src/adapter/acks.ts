import { type AckTicket, type CallbackMessage, roomName, type WireRoom } from "../protocol/messages.js";
import type { AnswerMessage, CountMessage } from "../protocol/node-messages.js";
import type { Ask } from "./ask.js";

/** One emit of this host that waits for answers from others. */
interface Waiting {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly ask: Ask;
  readonly timer: NodeJS.Timeout;
}

export interface AckRequest {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly ask: Ask;
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
  add({ room, namespace, ask, timeout }: AckRequest): AckTicket | undefined {
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
    ask.whenDone(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
    return { room, namespace, id };
  }

  /** From a host that does not count, which is a Python host. @returns false when nobody waits for it */
  answer({ ticket, args }: CallbackMessage): boolean {
    const waiting = this.#waiting.get(ticket.id);
    if (waiting === undefined || !isSameRoom(waiting.room, ticket.room) || waiting.namespace !== ticket.namespace) {
      return false;
    }
    waiting.ask.answerUncounted(args[0]);
    return true;
  }

  count({ from, id, clients }: CountMessage): void {
    this.#waiting.get(id)?.ask.count(from, clients);
  }

  /** @returns false when nobody waits for it: late, repeated, or never asked for */
  answerCounted({ from, id, number, args }: AnswerMessage): boolean {
    return this.#waiting.get(id)?.ask.answerCounted(from, number, args[0]) ?? false;
  }

  /** That host will not answer any more. */
  left(host: string): void {
    for (const { ask } of this.#waiting.values()) {
      ask.left(host);
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

/** An answer that one client owes. */
interface Owed {
  readonly sid: string;
  readonly packetId: number;
  /** Of `performance.now()`: nobody waits for it from then on. */
  readonly deadline: number;
}

/**
 * Answers that clients of this host owe to other hosts. Python keeps a callback until its client leaves; so does this,
 * up to a bound, beyond which the oldest are given up. Node hosts say how long they wait.
 */
export class OwedAcks {
  readonly #limit: number;
  readonly #giveUp: (sid: string, packetId: number) => void;
  /** In order of age; the key is the packet's id and the client's sid. */
  readonly #owed = new Map<string, Owed>();
  readonly #bySid = new Map<string, Set<number>>();

  /** @param giveUp - removes the acknowledgement from the client's socket */
  constructor(limit: number, giveUp: (sid: string, packetId: number) => void) {
    this.#limit = limit;
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#owed.size;
  }

  add(sid: string, packetId: number, deadline = Number.POSITIVE_INFINITY): void {
    this.#owed.set(`${packetId} ${sid}`, { sid, packetId, deadline });
    this.#bySid.set(sid, (this.#bySid.get(sid) ?? new Set()).add(packetId));
    for (const oldest of this.#owed.values()) {
      if (this.#owed.size <= this.#limit) {
        break;
      }
      this.#drop(oldest);
    }
  }

  /** Gives up those that nobody waits for any more; to be called now and then. */
  sweep(): void {
    const now = performance.now();
    for (const owed of this.#owed.values()) {
      if (owed.deadline < now) {
        this.#drop(owed);
      }
    }
  }

  #drop({ sid, packetId }: Owed): void {
    this.settle(sid, packetId);
    this.#giveUp(sid, packetId);
  }

  settle(sid: string, packetId: number): void {
    this.#owed.delete(`${packetId} ${sid}`);
    const packets = this.#bySid.get(sid);
    packets?.delete(packetId);
    if (packets?.size === 0) {
      this.#bySid.delete(sid);
    }
  }

  forgetClient(sid: string): void {
    for (const packetId of this.#bySid.get(sid) ?? []) {
      this.#owed.delete(`${packetId} ${sid}`);
    }
    this.#bySid.delete(sid);
  }
}
