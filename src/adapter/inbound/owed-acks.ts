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
