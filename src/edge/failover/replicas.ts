import { type ClientChange, type ClientsMessage, lengthOf } from "./messages.js";

/** Limits on the clients of all other hosts together; bytes are characters of what they have told, roughly. */
export interface ReplicaLimits {
  readonly maxClients: number;
  readonly maxBytes: number;
}

/** Bytes that a client takes besides its JSON, roughly. */
const CLIENT_BYTES = 500;

/** Hosts that are gone of which something is remembered, and sids of their clients in all. */
const MAX_PAST_HOSTS = 1_000;
const MAX_PAST_SIDS = 100_000;

export type KeptClient = Omit<ClientChange, "id">;

/** The clients of another host, as it has told them. */
export interface Replica {
  readonly host: string;
  readonly clients: Map<number, KeptClient>;
  /** Who runs their `disconnect` handlers when the host is gone: the first that is there. */
  successors: readonly string[];
  /** The last state of the host that is known. */
  sequence: number;
  /** Whether there was no room for some. */
  isIncomplete: boolean;
  /** Whether the host has more than it has told, or has told more than has arrived. */
  isBehind: boolean;
  hasAskedToResync: boolean;
  /** Whether the host is gone, without a goodbye. */
  isOrphan: boolean;
  /** Whether this host has begun to run their handlers. */
  isTakenOver: boolean;
  /** Successors that have left the rest to the next. */
  readonly passedBy: Set<string>;
}

interface PastHost {
  readonly sequence: number;
  /** Of clients whose `disconnect` handlers were run here. */
  readonly sids: string[];
  /** Whether all have run that this host knew: here, or on the host itself before its goodbye. */
  readonly isSettled: boolean;
}

/** What this host keeps of others, bounded. */
export class Replicas {
  readonly #limits: ReplicaLimits;
  readonly #onDropped: (bytes: number) => void;
  readonly #byHost = new Map<string, Replica>();
  readonly #past = new Map<string, PastHost>();
  #clients = 0;
  #bytes = 0;
  #pastSids = 0;

  /** @param onDropped - called for a client that there is no room for */
  constructor(limits: ReplicaLimits, onDropped: (bytes: number) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  get orphans(): readonly Replica[] {
    return [...this.#byHost.values()].filter(({ isOrphan }) => isOrphan);
  }

  get(host: string): Replica | undefined {
    return this.#byHost.get(host);
  }

  /** @returns false where something before it is missing */
  apply(host: string, successors: readonly string[], message: ClientsMessage): boolean {
    const { after, sequence, changed, gone, hasMore } = message;
    const isState = after === sequence;
    if (!isState && sequence <= (this.#past.get(host)?.sequence ?? 0)) {
      // Whoever reads the channel can repeat what was said by a host that is gone.
      return true;
    }
    const replica = this.#byHost.get(host) ?? this.#add(host);
    if (sequence < replica.sequence) {
      return true;
    }
    replica.successors = successors;
    replica.isBehind = hasMore || replica.sequence < after;
    if (sequence === replica.sequence) {
      return true;
    }
    if (replica.sequence < after) {
      return false;
    }
    if (after === 0 && replica.sequence < sequence - 1) {
      this.remove(replica, [...replica.clients.keys()]);
    }
    replica.sequence = sequence;
    replica.hasAskedToResync = false;
    this.remove(replica, gone);
    for (const change of changed) {
      this.#keep(replica, change);
    }
    return true;
  }

  /** @returns those that were there */
  remove(replica: Replica, ids: readonly number[]): readonly KeptClient[] {
    return ids.flatMap((id) => {
      const kept = replica.clients.get(id);
      if (kept === undefined) {
        return [];
      }
      replica.clients.delete(id);
      this.#clients -= 1;
      this.#bytes -= weigh(kept);
      return [kept];
    });
  }

  /**
   * Forgets a host but for what guards against its own old messages.
   *
   * @param isSettled - whether nobody needs to run the handlers of its clients any more
   */
  drop(replica: Replica, isSettled: boolean): void {
    const { host } = replica;
    this.remove(replica, [...replica.clients.keys()]);
    this.#byHost.delete(host);
    const { sequence, sids } = this.#past.get(host) ?? { sequence: 0, sids: [] };
    this.#remember(host, { sequence: Math.max(sequence, replica.sequence), sids, isSettled });
  }

  /** The handlers of these clients are run here. */
  markRun({ host, sequence }: Replica, sids: readonly string[]): void {
    const past = this.#past.get(host);
    this.#remember(host, { sequence, sids: [...(past?.sids ?? []), ...sids], isSettled: false });
  }

  isSettled(host: string): boolean {
    return this.#past.get(host)?.isSettled ?? false;
  }

  /** Sids of a host whose handlers were run here; they are forgotten. The host is there again. */
  takeRun(host: string): readonly string[] {
    const past = this.#past.get(host);
    if (past === undefined) {
      return [];
    }
    this.#pastSids -= past.sids.length;
    this.#past.set(host, { sequence: past.sequence, sids: [], isSettled: false });
    return past.sids;
  }

  #add(host: string): Replica {
    const replica: Replica = {
      host,
      clients: new Map(),
      successors: [],
      sequence: 0,
      isIncomplete: false,
      isBehind: false,
      hasAskedToResync: false,
      isOrphan: false,
      isTakenOver: false,
      passedBy: new Set(),
    };
    this.#byHost.set(host, replica);
    return replica;
  }

  #keep(replica: Replica, { id, ...change }: ClientChange): void {
    const [known] = this.remove(replica, [id]);
    const kept = { ...change, origin: change.origin || (known?.origin ?? "") };
    if (kept.origin === "") {
      // There was no room for it when it was new.
      return;
    }
    const bytes = weigh(kept);
    const { maxClients, maxBytes } = this.#limits;
    if (this.#clients >= maxClients || this.#bytes + bytes > maxBytes) {
      replica.isIncomplete = true;
      this.#onDropped(bytes);
      return;
    }
    replica.clients.set(id, kept);
    this.#clients += 1;
    this.#bytes += bytes;
  }

  #remember(host: string, past: PastHost): void {
    this.#pastSids += past.sids.length - (this.#past.get(host)?.sids.length ?? 0);
    this.#past.delete(host);
    this.#past.set(host, past);
    for (const [oldest, { sids }] of this.#past) {
      if (this.#past.size <= MAX_PAST_HOSTS && this.#pastSids <= MAX_PAST_SIDS) {
        break;
      }
      this.#pastSids -= sids.length;
      this.#past.delete(oldest);
    }
  }
}

const weigh = (client: KeptClient): number => CLIENT_BYTES + lengthOf(client);
