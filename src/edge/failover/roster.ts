import type { Socket } from "socket.io";
import type { Client } from "../client.js";
import { type ClientChange, type ClientsMessage, lengthOf } from "./messages.js";

/** Characters of a message, roughly; far below what any broker takes. */
const PART_LENGTH = 64 * 1024;

/** Characters of one client, chiefly its headers, sessions and namespaces. */
const MAX_CLIENT_LENGTH = 64 * 1024;

/** Clients that have left, of which a successor can hear later. One that has missed more is told everything anew. */
const MAX_GONE = 10_000;

interface Entry {
  readonly id: number;
  readonly client: Client;
  /** For which the `connect` handler has run. */
  readonly sockets: Set<Socket>;
  /** The message that told it last; 0 for none. */
  toldIn: number;
}

/** The own clients, and what successors have not been told of them. */
export class Roster {
  readonly #onOversized: (length: number) => void;
  readonly #entries = new Map<Client, Entry>();
  /** To be told; with everything, or what can change. */
  readonly #changed = new Map<Entry, "everything" | "changes">();
  #goneNow: number[] = [];
  /** Those told, with the number of the message. */
  readonly #gone: { readonly id: number; readonly toldIn: number }[] = [];
  /** The state before which nobody knows who has left. */
  #goneSince = 0;
  #lastId = 0;
  #sequence = 0;
  /** The oldest state that a successor has asked to be told from. */
  #resyncAfter: number | undefined;

  /** @param onOversized - called for a client that is too large to be told */
  constructor(onOversized: (length: number) => void) {
    this.#onOversized = onOversized;
  }

  /** Does nothing for a socket that is there. */
  add(client: Client, socket: Socket): void {
    let entry = this.#entries.get(client);
    if (entry === undefined) {
      this.#lastId += 1;
      entry = { id: this.#lastId, client, sockets: new Set(), toldIn: 0 };
      this.#entries.set(client, entry);
      this.#changed.set(entry, "everything");
      socket.conn.once("upgrade", () => this.change(client));
    }
    entry.sockets.add(socket);
    this.change(client);
  }

  remove(client: Client, socket: Socket): void {
    const entry = this.#entries.get(client);
    if (entry?.sockets.delete(socket)) {
      if (entry.sockets.size > 0) {
        this.change(client);
        return;
      }
      this.#entries.delete(client);
      this.#changed.delete(entry);
      if (entry.toldIn > 0) {
        this.#goneNow.push(entry.id);
      }
      if (this.#goneNow.length > MAX_GONE) {
        this.#forgetGone();
      }
    }
  }

  /** Its sessions, or its transport. */
  change(client: Client): void {
    const entry = this.#entries.get(client);
    if (entry !== undefined && !this.#changed.has(entry)) {
      this.#changed.set(entry, "changes");
    }
  }

  /** Sockets with these sids. */
  find(sids: ReadonlySet<string>): readonly Socket[] {
    return [...this.#entries.values()].flatMap(({ sockets }) => [...sockets].filter(({ id }) => sids.has(id)));
  }

  /** A successor knows this state, and none after it. */
  resync(after: number): void {
    const known = after < this.#goneSince ? 0 : Math.min(after, this.#sequence);
    this.#resyncAfter = Math.min(this.#resyncAfter ?? known, known);
    for (const entry of this.#entries.values()) {
      if (entry.toldIn === 0 || entry.toldIn > this.#resyncAfter || known === 0) {
        this.#changed.set(entry, "everything");
      }
    }
  }

  /** What is to be told next, as much as goes into one message; undefined for nothing. */
  take(): ClientsMessage | undefined {
    const after = this.#resyncAfter ?? this.#sequence;
    this.#resyncAfter = undefined;
    if (this.#changed.size === 0 && this.#goneNow.length === 0 && after === this.#sequence) {
      return undefined;
    }
    this.#sequence += 1;
    const changed = this.#takeChanged();
    const gone = [...this.#goneAfter(after), ...this.#goneNow];
    for (const id of this.#goneNow) {
      this.#gone.push({ id, toldIn: this.#sequence });
    }
    this.#goneNow = [];
    this.#dropOldGone();
    return { kind: "clients", after, sequence: this.#sequence, changed, gone, hasMore: this.#changed.size > 0 };
  }

  /** The present state, so that a successor notices what it has missed. */
  state(): ClientsMessage {
    const hasMore = this.#changed.size > 0;
    return { kind: "clients", after: this.#sequence, sequence: this.#sequence, changed: [], gone: [], hasMore };
  }

  #takeChanged(): readonly ClientChange[] {
    const taken: ClientChange[] = [];
    let length = 0;
    for (const [entry, what] of this.#changed) {
      const change = describe(entry, what === "everything" || entry.toldIn === 0);
      const size = lengthOf(change);
      if (taken.length > 0 && length + size > PART_LENGTH) {
        break;
      }
      this.#changed.delete(entry);
      if (size > MAX_CLIENT_LENGTH) {
        this.#onOversized(size);
        if (entry.toldIn > 0) {
          this.#goneNow.push(entry.id);
          entry.toldIn = 0;
        }
        continue;
      }
      entry.toldIn = this.#sequence;
      taken.push(change);
      length += size + OVERHEAD;
    }
    return taken;
  }

  /** Those told after a state; none for 0, which knows nobody who could have left. */
  #goneAfter(after: number): readonly number[] {
    const first = this.#gone.findIndex(({ toldIn }) => toldIn > after);
    return first === -1 || after === 0 ? [] : this.#gone.slice(first).map(({ id }) => id);
  }

  #dropOldGone(): void {
    if (this.#gone.length > MAX_GONE) {
      for (const { toldIn } of this.#gone.splice(0, this.#gone.length - MAX_GONE / 2)) {
        this.#goneSince = toldIn;
      }
    }
  }

  /** Nobody has listened for long. */
  #forgetGone(): void {
    this.#sequence += 1;
    this.#goneSince = this.#sequence;
    this.#goneNow = [];
    this.#gone.length = 0;
  }
}

/** Characters of a change besides its JSON, roughly. */
const OVERHEAD = 200;

function describe({ id, client, sockets }: Entry, isComplete: boolean): ClientChange {
  const [socket] = sockets as unknown as [Socket];
  return {
    id,
    transport: socket.conn.transport.name,
    sockets: [...sockets].map(({ nsp, id: sid }) => [nsp.name, sid] as const),
    sessions: JSON.stringify(client.sessions ?? {}),
    origin: isComplete ? JSON.stringify({ connection: client.id, request: client.request() }) : "",
  };
}
