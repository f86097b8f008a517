import type { Adapter, Session as RestoredSession } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import type { TransferSessionMessage } from "../../protocol/side-channel/messages.js";
import { debugLog } from "../../util/debug.js";
import { callApplication } from "../../util/listeners.js";
import { EVENT } from "../clients/event-packet.js";
import { hasClient, namespaceOf } from "../clients/namespace.js";
import { closeConnectionOf, sendEvent } from "../clients/private-fields.js";
import type { Checkpoints } from "./checkpoints.js";
import { EmitRecorder } from "./emit-recorder.js";
import type { History } from "./history.js";
import { MissedPackets, type MissedPacketsOptions } from "./missed-packets.js";
import { type Offset, parseOffset } from "./offset.js";
import { describeSession, type KeptSession, readSession, type Session, Sessions } from "./sessions.js";

const debug = debugLog("recovery");

/** Most bytes of private emits that go with one session when its host closes; with more, its client starts anew. */
const MAX_PRIVATE_BYTES = 1024 * 1024;

/** How long a resuming client waits for the hosts that it may have been connected to, in milliseconds. */
const PATIENCE_MS = 1_000;

export interface RecoveryOptions extends Pick<MissedPacketsOptions, "detection" | "maxMessageSize" | "reading"> {
  readonly adapter: Adapter;
  readonly history: History;
  readonly checkpoints: Checkpoints;
  readonly cluster: Cluster;
  /** Milliseconds for which a client may be away. */
  readonly maxDisconnection: number;
  readonly maxSessions: number;
  /** Most bytes of memory that the sessions may take. */
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly requestsTimeout: number;
  /** Whether all hosts receive all messages in one order. */
  isOrdered(): boolean;
  /** Gets what the application throws meanwhile. */
  onThrown(error: unknown): void;
}

interface ResumingClient {
  readonly pid: string;
  readonly missed: readonly unknown[][];
  /** Both of the history, when `missed` was read from it. */
  readonly end: number;
  readonly lastEmit: number;
}

/**
 * Connection state recovery of one namespace: the sessions of disconnected clients, and the packets that they miss.
 *
 * As `SessionAwareAdapter` of socket.io-adapter, and beyond it: emits of other hosts are recovered too, those of Python
 * hosts as well; a client may have been idle for long; its old connection need not be known to be dead; it may resume on
 * another host; and nothing is lost while middlewares look at a resuming client.
 */
export class NamespaceRecovery {
  readonly recorder: EmitRecorder;
  readonly #options: RecoveryOptions;
  readonly #namespace: string;
  readonly #sessions: Sessions;
  readonly #missed: MissedPackets;
  /** By sid: clients whose session was restored, and to which socket.io does not deliver yet. */
  readonly #resuming = new Map<string, ResumingClient>();
  /** By sid, of clients that have resumed: the number of the last emit of this host before. */
  readonly #resumedAfter = new Map<string, number>();

  constructor(options: RecoveryOptions) {
    const { adapter, history, cluster } = options;
    this.#options = options;
    this.#namespace = namespaceOf(adapter).name;
    this.#sessions = new Sessions({ ...options, maxAge: options.maxDisconnection });
    this.#missed = new MissedPackets({ ...options, namespace: this.#namespace });
    this.recorder = new EmitRecorder(history, this.#namespace, cluster.hostId, options.maxMessageSize);
  }

  /** `Adapter.persistSession` */
  persist(session: Session): void {
    const since = this.#resumedAfter.get(session.sid) ?? 0;
    const leftAt = performance.now();
    this.#sessions.keep({ session, leftAt, isOwn: true, since, privates: [], checkpoint: undefined });
  }

  /** `Adapter.restoreSession`, with what the client claims: of any type. Never rejects. @returns null: it starts anew */
  async restore(pid: unknown, offsetText: unknown): Promise<RestoredSession | null> {
    try {
      return await this.#restore(pid, offsetText);
    } catch (error) {
      this.#options.onThrown(error);
      return null;
    }
  }

  async #restore(pid: unknown, offsetText: unknown): Promise<RestoredSession | null> {
    const offset = typeof offsetText === "string" ? parseOffset(offsetText) : undefined;
    if (offset === undefined || typeof pid !== "string" || typeof offsetText !== "string") {
      return null;
    }
    // A client knows that its connection is dead before its host does.
    this.#closeConnectionOf(pid);
    const kept = await this.#find(pid, offsetText);
    if (kept === undefined) {
      debug("a client of %s starts anew: its session is on no host", this.#namespace);
      return null;
    }
    return this.#resume(kept, offset);
  }

  /** Call when a client has entered its own room: socket.io delivers to it from then on. */
  joined(sid: string): void {
    const resuming = this.#resuming.get(sid);
    const { adapter } = this.#options;
    if (resuming === undefined || !hasClient(adapter, sid)) {
      return;
    }
    this.#resuming.delete(sid);
    this.#sessions.delete(resuming.pid);
    this.#resumedAfter.set(sid, resuming.lastEmit);
    const rooms = [...(adapter.sids.get(sid) ?? [])];
    for (const data of [...resuming.missed, ...this.#missed.after(resuming.end, sid, rooms)]) {
      // Before its CONNECT packet, as socket.io sends what was missed; the client reads it after that.
      callApplication(() => sendEvent(adapter, sid, { type: EVENT, data }), this.#options.onThrown);
    }
  }

  left(sid: string): void {
    this.#resuming.delete(sid);
    this.#resumedAfter.delete(sid);
  }

  /** Call now and then: drops sessions that have expired. */
  sweep(): void {
    this.#sessions.sweep();
  }

  /** Another host requests the session of a client that was here. @returns it, which is not kept here any more */
  transferSession({ pid, offset }: TransferSessionMessage): readonly object[] {
    const { checkpoints } = this.#options;
    this.#closeConnectionOf(pid);
    const kept = this.#sessions.get(pid);
    if (kept === undefined) {
      return [];
    }
    debug("transfer the session of %s in %s", kept.session.sid, this.#namespace);
    this.#sessions.delete(pid);
    const privates = this.#missed.privatesOf(kept, parseOffset(offset));
    return [describeSession(kept, privates, kept.checkpoint ?? checkpoints.write())];
  }

  /** This host closes. @returns the sessions of its clients, with which they can resume on other hosts */
  exportSessions(): readonly object[] {
    const own = this.#options.isOrdered() ? this.#sessions.own : [];
    if (own.length === 0) {
      return [];
    }
    debug("export %d sessions of %s", own.length, this.#namespace);
    const checkpoint = this.#options.checkpoints.write();
    return own.flatMap((kept) => {
      const privates = this.#missed.privatesOf(kept);
      const bytes = privates.reduce((sum, { payload }) => sum + payload.length, 0);
      return bytes > MAX_PRIVATE_BYTES ? [] : [describeSession(kept, privates, checkpoint)];
    });
  }

  /** Sessions of a host that closes. Untrusted input. */
  importSessions(items: readonly unknown[]): void {
    debug("import %d sessions of %s", items.length, this.#namespace);
    for (const item of items) {
      const kept = readSession(item);
      if (kept !== undefined) {
        this.#sessions.keep(kept);
      }
    }
  }

  /** Handlers of the application run meanwhile. */
  #closeConnectionOf(pid: string): void {
    const { adapter, onThrown } = this.#options;
    callApplication(() => closeConnectionOf(adapter, pid), onThrown);
  }

  /** Here, or on another host, which gives it up. */
  async #find(pid: string, offset: string): Promise<KeptSession | undefined> {
    const { cluster, requestsTimeout, isOrdered } = this.#options;
    const here = this.#sessions.get(pid);
    if (here?.isOwn || !isOrdered()) {
      return here;
    }
    const request = { type: "transfer_session", namespace: this.#namespace, pid, offset } as const;
    const replies = await cluster
      .request(request, Math.min(PATIENCE_MS, requestsTimeout))
      .catch((error) => (error.responses ?? []) as readonly unknown[]);
    for (const reply of replies) {
      const kept = readSession(reply);
      if (kept?.session.pid === pid) {
        this.#sessions.keep(kept);
      }
    }
    return this.#sessions.get(pid);
  }

  async #resume(kept: KeptSession, offset: Offset): Promise<RestoredSession | null> {
    const { session, checkpoint } = kept;
    const { history, checkpoints } = this.#options;
    if (checkpoint !== undefined && !(await checkpoints.waitFor(checkpoint, PATIENCE_MS))) {
      debug("%s starts anew: the checkpoint of its host has not come", session.sid);
      return null;
    }
    const missed = this.#missed.of(kept, offset);
    if (missed === undefined) {
      debug("%s starts anew: what it missed is not kept any more", session.sid);
      return null;
    }
    debug("%s resumes in %s with %d missed packets", session.sid, this.#namespace, missed.length);
    const { end, lastEmit } = history;
    this.#resuming.set(session.sid, { pid: session.pid, missed, end, lastEmit });
    // What was missed follows once the middlewares have accepted the client: one that is rejected would have it twice.
    return { ...session, rooms: [...session.rooms], missedPackets: [] };
  }
}
