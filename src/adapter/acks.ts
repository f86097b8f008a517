import { type AckTicket, type CallbackMessage, roomName, type WireRoom } from "../protocol/messages.js";

/** One emit of this host that waits for answers from others. */
interface Waiting {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly onAnswer: (args: readonly unknown[]) => void;
  /** `true`: more than one client may answer, and only time tells when all have. */
  readonly many: boolean;
  readonly timer: NodeJS.Timeout;
}

export interface AckRequest {
  readonly room: WireRoom | null;
  readonly namespace: string;
  readonly many: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  onAnswer(args: readonly unknown[]): void;
  /** Called once when the time is over, unless a single answer came first or the table was closed. */
  onTimeout(): void;
}

/**
 * Acknowledgements that other hosts owe this one. Every entry ends by its answer, its timeout or `close()`.
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
  add(request: AckRequest): AckTicket | undefined {
    if (this.#waiting.size >= this.#limit) {
      return undefined;
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      request.onTimeout();
    }, request.timeout);
    const { room, namespace, many, onAnswer } = request;
    this.#waiting.set(id, { room, namespace, many, onAnswer, timer });
    return { room, namespace, id };
  }

  /** @returns false when nobody waits for it: late, repeated, or never asked for */
  answer({ ticket, args }: CallbackMessage): boolean {
    const waiting = this.#waiting.get(ticket.id);
    if (waiting === undefined || !isSameRoom(waiting.room, ticket.room) || waiting.namespace !== ticket.namespace) {
      return false;
    }
    if (!waiting.many) {
      this.#waiting.delete(ticket.id);
      clearTimeout(waiting.timer);
    }
    waiting.onAnswer(args);
    return true;
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

/**
 * Answers that clients of this host owe to other hosts. Python keeps a callback until its client leaves; so does this,
 * up to a bound, beyond which the oldest are given up.
 */
export class OwedAcks {
  readonly #limit: number;
  readonly #giveUp: (sid: string, packetId: number) => void;
  /** In order of age; the key is the packet's id and the client's sid. */
  readonly #owed = new Map<string, { readonly sid: string; readonly packetId: number }>();
  readonly #bySid = new Map<string, Set<number>>();

  /** @param giveUp - removes the acknowledgement from the client's socket */
  constructor(limit: number, giveUp: (sid: string, packetId: number) => void) {
    this.#limit = limit;
    this.#giveUp = giveUp;
  }

  get size(): number {
    return this.#owed.size;
  }

  add(sid: string, packetId: number): void {
    this.#owed.set(`${packetId} ${sid}`, { sid, packetId });
    this.#bySid.set(sid, (this.#bySid.get(sid) ?? new Set()).add(packetId));
    for (const oldest of this.#owed.values()) {
      if (this.#owed.size <= this.#limit) {
        break;
      }
      this.settle(oldest.sid, oldest.packetId);
      this.#giveUp(oldest.sid, oldest.packetId);
    }
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
