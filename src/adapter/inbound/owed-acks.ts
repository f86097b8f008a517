/** An acknowledgement that one client owes. */
interface OwedAck {
  readonly sid: string;
  readonly packetId: number;
  /** In `performance.now()` time: nobody waits for it from then on. */
  readonly deadline: number;
}

/**
 * Acknowledgements that clients of this host owe to other hosts. Python keeps a callback until its client disconnects; so
 * does this, up to a limit, beyond which the oldest are forgotten. Node hosts state how long they wait.
 */
export class OwedAcks {
  readonly #limit: number;
  readonly #forget: (sid: string, packetId: number) => void;
  /** In order of age; the key is the packet's id and the client's sid. */
  readonly #owed = new Map<string, OwedAck>();
  readonly #bySid = new Map<string, Set<number>>();

  /** @param forget - removes the acknowledgement from the client's socket */
  constructor(limit: number, forget: (sid: string, packetId: number) => void) {
    this.#limit = limit;
    this.#forget = forget;
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

  settle(sid: string, packetId: number): void {
    this.#owed.delete(`${packetId} ${sid}`);
    const packets = this.#bySid.get(sid);
    packets?.delete(packetId);
    if (packets?.size === 0) {
      this.#bySid.delete(sid);
    }
  }

  /** Call now and then: drops those that nobody waits for any more. */
  sweep(): void {
    const now = performance.now();
    for (const owed of this.#owed.values()) {
      if (owed.deadline < now) {
        this.#drop(owed);
      }
    }
  }

  clientLeft(sid: string): void {
    for (const packetId of this.#bySid.get(sid) ?? []) {
      this.#owed.delete(`${packetId} ${sid}`);
    }
    this.#bySid.delete(sid);
  }

  #drop({ sid, packetId }: OwedAck): void {
    this.settle(sid, packetId);
    this.#forget(sid, packetId);
  }
}
