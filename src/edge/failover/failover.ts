import type { Socket } from "socket.io";
import type { BridgeHandle, PeerGroup, PeerGroupListener } from "../../adapter/reporting/handle.js";
import { BridgeError } from "../../errors.js";
import { DropTally } from "../../util/drop-tally.js";
import type { Caller } from "../calls.js";
import type { Client } from "../client.js";
import type { EdgeReporter } from "../reporter.js";
import { type ClientsMessage, type FailoverMessage, readMessage, type TakenMessage } from "./messages.js";
import { type KeptClient, type Replica, type ReplicaLimits, Replicas } from "./replicas.js";
import { Roster } from "./roster.js";
import { Seal } from "./seal.js";

/** Other edges that know the clients of one. Two, so that its machine may take one of them with it. */
const SUCCESSORS = 2;

/** How long changes are gathered before they are sent, in milliseconds. */
const GATHER_MS = 20;

/** How often each edge repeats its state, so that a lost message is noticed, in milliseconds. */
const STATE_MS = 5_000;

/** Clients of a host that is gone whose handlers run at the same time: own clients have events of their own. */
const AT_ONCE = 16;

/** Sids in one message. */
const SIDS_AT_ONCE = 1_000;

/** A fleet in which each host has 10,000 clients with 4 KB of headers takes two thirds of it. */
const LIMITS: ReplicaLimits = { maxClients: 100_000, maxBytes: 128 * 2 ** 20 };

export interface FailoverOptions {
  readonly adapter: Pick<BridgeHandle, "hostId" | "joinGroup">;
  /** Edges that have the same one are of one application. */
  readonly secret: string;
  readonly reporter: EdgeReporter;
  /** @default 100,000 clients, 128 MiB */
  readonly limits?: ReplicaLimits;
  /** Runs a client's `disconnect` handler. Resolves with its sessions as they are then; never rejects. */
  disconnect(caller: Caller): Promise<unknown>;
  /** The `disconnect` handler of these own clients has run on another host, which took this one for dead. */
  onReturned(sockets: readonly Socket[]): void;
}

/**
 * Runs the `disconnect` handlers of clients whose host has died.
 *
 * Each edge tells two others, its successors, which clients it has, and what a call for their `disconnect` needs. When it is
 * gone without a goodbye, the first of them that is there calls, and tells the other beforehand.
 */
export class Failover implements PeerGroupListener {
  readonly #options: FailoverOptions;
  readonly #hostId: string;
  readonly #seal: Seal;
  readonly #roster: Roster;
  readonly #replicas: Replicas;
  readonly #drops: DropTally<"oversized" | "no_room">;
  readonly #group: PeerGroup;
  readonly #timer: NodeJS.Timeout;
  #successors: readonly string[] = [];
  #gathering: NodeJS.Timeout | undefined;
  #isSending = false;
  #isClosed = false;

  /** @throws BridgeError `BRIDGE_INVALID_OPTION` for a second edge with the same adapter and secret */
  constructor(options: FailoverOptions) {
    const { adapter, secret, reporter, limits = LIMITS } = options;
    this.#options = options;
    this.#hostId = adapter.hostId;
    this.#seal = new Seal(secret);
    this.#drops = new DropTally((reason, count, bytes) => reporter.unprotected(reason, count, bytes));
    this.#roster = new Roster((length) => this.#drops.add("oversized", 1, length));
    this.#replicas = new Replicas(limits, (bytes) => this.#drops.add("no_room", 1, bytes));
    this.#group = this.#join();
    this.#timer = setInterval(() => this.#repeat(), STATE_MS);
    this.#chooseSuccessors();
  }

  #join(): PeerGroup {
    try {
      return this.#options.adapter.joinGroup(this.#seal.name, this);
    } catch (cause) {
      throw new BridgeError(
        "BRIDGE_INVALID_OPTION",
        "this adapter has an edge with that secret already: name all backends in one createEdge()",
        { cause },
      );
    }
  }

  /** Its `connect` handler has run. */
  entered(client: Client, socket: Socket): void {
    this.#roster.add(client, socket);
    this.#gather();
  }

  /** Its sessions are others than before. */
  changed(client: Client): void {
    this.#roster.change(client);
    this.#gather();
  }

  /** Its `disconnect` handler is about to run, or never will. */
  left(client: Client, socket: Socket): void {
    this.#roster.remove(client, socket);
    this.#gather();
  }

  /** No handler is begun with from then on. */
  close(): void {
    this.onClosed();
    clearInterval(this.#timer);
    clearTimeout(this.#gathering);
    this.#group.leave();
    this.#drops.flush();
  }

  onClosed(): void {
    this.#isClosed = true;
  }

  onJoined(host: string): void {
    const orphan = this.#replicas.get(host);
    if (orphan?.isOrphan) {
      this.#replicas.drop(orphan, false);
    }
    const sids = this.#replicas.takeRun(host);
    for (let start = 0; start < sids.length; start += SIDS_AT_ONCE) {
      void this.#send([host], { kind: "returned", sids: sids.slice(start, start + SIDS_AT_ONCE) });
    }
    this.#chooseSuccessors();
  }

  onLeft(host: string, hasSaidGoodbye: boolean): void {
    const replica = this.#replicas.get(host);
    if (replica !== undefined && hasSaidGoodbye) {
      // It has run the handlers itself.
      this.#forgetUnlessOrphan(replica, true);
    } else if (replica !== undefined) {
      replica.isOrphan = true;
    }
    this.#chooseSuccessors();
    this.#takeOverOrphans();
  }

  /** Untrusted input. */
  onMessage(from: string, to: readonly string[], payload: Uint8Array): void {
    const isForThis = to.includes(this.#hostId);
    if (this.#isClosed || !this.#group.members.has(from) || (!isForThis && this.#replicas.get(from) === undefined)) {
      return;
    }
    const text = this.#seal.open(payload, envelope(from, to));
    const message = text === undefined ? undefined : readMessage(text);
    if (message === undefined) {
      return;
    }
    if (isForThis) {
      this.#receive(from, to, message);
    } else if (message.kind === "clients") {
      this.#forgetUnlessOrphan(this.#replicas.get(from), false);
    }
  }

  #receive(from: string, to: readonly string[], message: FailoverMessage): void {
    switch (message.kind) {
      case "clients":
        this.#onClients(from, to, message);
        break;
      case "resync":
        this.#roster.resync(message.after);
        this.#gather();
        break;
      case "taken":
        this.#onTaken(from, message);
        break;
      case "ask":
        this.#onAsked(from, message.host);
        break;
      case "returned":
        this.#options.onReturned(this.#roster.find(new Set(message.sids)));
        break;
      default:
        message satisfies never;
    }
  }

  #onClients(from: string, successors: readonly string[], message: ClientsMessage): void {
    const isApplied = this.#replicas.apply(from, successors, message);
    const replica = this.#replicas.get(from);
    // The question or its reply may be lost: each state, which comes every few seconds, is a reason to ask again.
    const isState = message.after === message.sequence;
    if (!isApplied && replica !== undefined && (isState || !replica.hasAskedToResync)) {
      replica.hasAskedToResync = true;
      void this.#send([from], { kind: "resync", after: replica.sequence });
    }
  }

  #onTaken(from: string, { host, ids, rest }: TakenMessage): void {
    const replica = this.#replicas.get(host);
    if (replica === undefined || !replica.successors.includes(from)) {
      return;
    }
    this.#replicas.remove(replica, ids);
    if (rest === "none") {
      this.#replicas.drop(replica, true);
    } else if (rest === "yours") {
      replica.passedBy.add(from);
      this.#takeOverOrphans();
    }
  }

  #onAsked(from: string, host: string): void {
    if (!this.#group.members.has(host) && this.#replicas.get(host) === undefined) {
      const rest = this.#replicas.isSettled(host) ? "none" : "yours";
      void this.#send([from], { kind: "taken", host, ids: [], rest });
    }
  }

  #forgetUnlessOrphan(replica: Replica | undefined, isSettled: boolean): void {
    if (replica?.isOrphan === false) {
      this.#replicas.drop(replica, isSettled);
    }
  }

  /** The next hosts in the order of their ids, so that another host changes few of them. */
  #chooseSuccessors(): void {
    const others = [...this.#group.members].sort();
    const next = others.filter((host) => host > this.#hostId);
    const chosen = [...next, ...others].slice(0, Math.min(SUCCESSORS, others.length));
    if (chosen.join() !== this.#successors.join()) {
      this.#successors = chosen;
      this.#sendState();
      this.#gather();
    }
  }

  #repeat(): void {
    this.#sendState();
    this.#gather();
    for (const { host, isTakenOver, ...replica } of this.#replicas.orphans) {
      const first = this.#firstOf(replica);
      if (!isTakenOver && first !== undefined) {
        void this.#send([first], { kind: "ask", host });
      }
    }
  }

  #sendState(): void {
    if (this.#successors.length > 0) {
      void this.#send(this.#successors, this.#roster.state());
    }
  }

  #gather(): void {
    if (this.#successors.length > 0 && !this.#isClosed && !this.#isSending) {
      this.#gathering ??= setTimeout(() => void this.#sendChanges(), GATHER_MS);
    }
  }

  /** One message after the other, so that what changes meanwhile is gathered. Never rejects. */
  async #sendChanges(): Promise<void> {
    this.#gathering = undefined;
    this.#isSending = true;
    while (this.#successors.length > 0 && !this.#isClosed) {
      const message = this.#roster.take();
      if (message === undefined) {
        break;
      }
      await this.#send(this.#successors, message);
    }
    this.#isSending = false;
  }

  /** Never rejects: a message that is lost is noticed by its recipient. */
  async #send(to: readonly string[], message: FailoverMessage): Promise<void> {
    if (this.#isClosed || to.length === 0) {
      return;
    }
    const sealed = this.#seal.close(JSON.stringify(message), envelope(this.#hostId, to));
    await this.#group.send(to, sealed).catch((error: BridgeError) => {
      if (!this.#isClosed) {
        this.#options.reporter.unsent(error);
      }
    });
  }

  #takeOverOrphans(): void {
    for (const replica of this.#replicas.orphans) {
      if (!replica.isTakenOver && this.#firstOf(replica) === this.#hostId) {
        replica.isTakenOver = true;
        void this.#takeOver(replica);
      }
    }
  }

  #firstOf({ successors, passedBy }: Pick<Replica, "successors" | "passedBy">): string | undefined {
    const { members } = this.#group;
    return successors.find((host) => host === this.#hostId || (members.has(host) && !passedBy.has(host)));
  }

  /** Never rejects. */
  async #takeOver(replica: Replica): Promise<void> {
    const { host, clients, successors } = replica;
    const others = successors.filter((other) => other !== this.#hostId);
    this.#options.reporter.takesOver(host, clients.size);
    const taken = (ids: readonly number[], rest: TakenMessage["rest"]) =>
      this.#send(others, { kind: "taken", host, ids, rest });
    while (clients.size > 0 && !this.#isClosed) {
      const ids = [...clients.keys()].slice(0, AT_ONCE);
      const next = this.#replicas.remove(replica, ids);
      this.#replicas.markRun(
        replica,
        next.flatMap(({ sockets }) => sockets.map(([, sid]) => sid)),
      );
      // Before they run: whoever steps in for this host must not run them again.
      await taken(ids, "follows");
      await Promise.all(next.map((client) => this.#disconnect(client)));
    }
    if (!this.#isClosed && this.#replicas.get(host) === replica) {
      this.#replicas.drop(replica, true);
      // An edge that has just become its successor may not have been told of all its clients.
      await taken([], replica.isIncomplete || replica.isBehind ? "yours" : "none");
    }
  }

  /** One namespace after the other, since they share their sessions. Never rejects. */
  async #disconnect({ transport, sockets, sessions, origin }: KeptClient): Promise<void> {
    try {
      let current: unknown = JSON.parse(sessions);
      const { connection, request } = JSON.parse(origin) as Pick<Caller, "connection" | "request">;
      for (const [namespace, sid] of sockets) {
        const caller = { sid, namespace, connection, transport, request, rooms: [sid], sessions: current };
        current = await this.#options.disconnect(caller);
      }
    } catch (error) {
      // An edge of another release has told it.
      this.#options.reporter.lost("a disconnect", "unreadable", (error as Error).message);
    }
  }
}

/** Both sides of a message have to agree on it. */
const envelope = (from: string, to: readonly string[]): string => [from, ...to].join(" ");
