import type { Adapter, Session as RestoredSession } from "socket.io-adapter";
import type { PeerRequest } from "../../cluster/cluster.js";
import { encodeMsgpackOrJson } from "../../protocol/encoders.js";
import type { EmitMessage } from "../../protocol/model/messages.js";
import { buildEmitExtension } from "../../protocol/model/node-extension.js";
import type { TransferSessionMessage } from "../../protocol/side-channel/messages.js";
import { decodeEvent, EVENT, type EventPacket } from "../inbound/deliver.js";
import { roomNames, type Target } from "../outbound/target.js";
import type { Audience, DisconnectedClient, History, PastEmit } from "./history.js";
import { type Offset, parseOffset } from "./offset.js";
import {
  type Checkpoint,
  describeSession,
  type KeptSession,
  type PrivateEmit,
  readSession,
  type Session,
  Sessions,
} from "./sessions.js";

/** What goes with one session when its host closes; more of it, and the client begins anew. */
const MOST_PRIVATE_BYTES = 1024 * 1024;

export interface RecoveryOptions {
  readonly adapter: Adapter;
  /** This host. */
  readonly hostId: string;
  readonly history: History;
  /** Milliseconds for which a client may be away. */
  readonly maxAway: number;
  /**
   * Milliseconds that may pass before a dead connection is found out: no pong came for the time of an interval and a
   * timeout, and the ping before it took up to a timeout to be answered.
   */
  readonly detection: number;
  readonly maxSessions: number;
  /** Whether all hosts hear all messages in one order. */
  isShared(): boolean;
  /** Puts one into the channel. */
  writeCheckpoint(): Checkpoint;
  /** Whether it was heard, after some patience. Never rejects. */
  waitForCheckpoint(mark: Checkpoint): Promise<boolean>;
  /** Reads what the history keeps. */
  read(payload: Uint8Array | string): EmitMessage | undefined;
  /** Asks the other Node hosts. Rejects as `Cluster.ask`. */
  requestPeers(question: PeerRequest): Promise<readonly unknown[]>;
}

/**
 * For Node hosts alone, whatever the dialect: they know by the name whose form it is.
 *
 * @returns undefined for what only this server's parser can say, and a client gets once or not at all
 */
function encodePrivate({ data: [event, ...args] }: Packet, hostId: string): Uint8Array | string | undefined {
  const everyone = { namespace: "/", rooms: null, skipSids: [], exceptRooms: [], callback: null, hostId };
  const node = buildEmitExtension(args, {});
  try {
    return encodeMsgpackOrJson({ method: "emit", event: String(event), args, ...everyone, node });
  } catch {
    return undefined;
  }
}

type Packet = Pick<EventPacket, "data">;

/** Of socket.io's `Namespace` and `Socket`, whose types keep some of it to themselves. */
interface ServedNamespace {
  readonly name: string;
  readonly sockets: ReadonlyMap<string, ServedSocket>;
}

interface ServedSocket {
  readonly pid: string;
  readonly conn: { close(discard: boolean): void };
  packet(packet: EventPacket): void;
}

interface ResumingClient {
  readonly pid: string;
  readonly missed: readonly unknown[][];
  /** Both of the history, when it was told what it had missed. */
  readonly end: number;
  readonly lastEmit: number;
}

/**
 * Connection state recovery of one namespace: the sessions of clients that are away, and what they miss.
 *
 * As `SessionAwareAdapter` of socket.io-adapter, and beyond it: what other hosts emit, Python ones too, is recovered; a
 * client that was quiet for long; one whose old connection is not yet known to be dead; one that comes to another host;
 * and nothing is lost while middlewares look at a client that comes back.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #sessions: Sessions;
  /** By sid: clients that are told what they missed, and that socket.io does not deliver to yet. */
  readonly #returning = new Map<string, ResumingClient>();
  /** By sid, of clients that came with a session: the number of the last emit of this host before. */
  readonly #cameAfter = new Map<string, number>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#sessions = new Sessions(options.maxSessions, options.maxAway);
  }

  /** `Adapter.persistSession` */
  persist(session: Session): void {
    const since = this.#cameAfter.get(session.sid) ?? 0;
    this.#sessions.keep({
      session,
      leftAt: performance.now(),
      isOwn: true,
      since,
      privates: [],
      checkpoint: undefined,
    });
  }

  /** `Adapter.restoreSession`. Never rejects. @returns null: the client begins anew */
  async restore(pid: string, offsetText: string): Promise<RestoredSession | null> {
    const offset = parseOffset(offsetText);
    if (offset === undefined) {
      return null;
    }
    this.#endOldConnection(pid);
    const kept = await this.#find(pid, offsetText);
    if (kept?.checkpoint !== undefined && !(await this.#options.waitForCheckpoint(kept.checkpoint))) {
      return null;
    }
    const missed = kept && this.#missedBy(kept, offset);
    if (kept === undefined || missed === undefined) {
      return null;
    }
    const { session } = kept;
    const { end, lastEmit } = this.#options.history;
    this.#returning.set(session.sid, { pid, missed, end, lastEmit });
    // What was missed follows when the middlewares have let the client in: one that is turned away would have it twice.
    return { ...session, rooms: [...session.rooms], missedPackets: [] };
  }

  /** @returns the number that the next emit of this host goes by, for `emitted()` */
  nextEmit(): number {
    return this.#options.history.nextEmit();
  }

  /** An emit of this host, which is to be published. @returns the packet for its own clients */
  emitted<Emit extends Packet>(packet: Emit, target: Target, payload: Uint8Array | string, number: number): Emit {
    const offset = this.#options.history.addOwn(this.#audience(target), payload, number);
    return { ...packet, data: [...packet.data, offset] };
  }

  /** An emit to clients of this host alone. @returns the packet for them */
  emittedHere<Emit extends Packet>(packet: Emit, target: Target): Emit {
    const isForNobody = target.rooms.size > 0 && roomNames(target.rooms).length === 0;
    const payload = isForNobody ? undefined : encodePrivate(packet, this.#options.hostId);
    if (payload === undefined) {
      return packet;
    }
    const offset = this.#options.history.addPrivate(this.#audience(target), payload);
    return { ...packet, data: [...packet.data, offset] };
  }

  #audience({ rooms, except }: Target): Audience {
    const namespace = this.#namespace.name;
    return { namespace, rooms: new Set(roomNames(rooms)), skipSids: new Set(), except: new Set(roomNames(except)) };
  }

  /** An emit of another host. @returns what its recipients have as their offset */
  remember(message: EmitMessage, audience: Omit<Audience, "namespace">, payload: Uint8Array): string {
    const { hostId, node } = message;
    const isNumbered = hostId !== undefined && node?.sequence !== undefined;
    const origin = isNumbered ? { hostId, emit: node.sequence } : undefined;
    return this.#options.history.addForeign({ namespace: this.#namespace.name, ...audience }, payload, origin);
  }

  /** To be called when a client has entered its own room: socket.io delivers to it from then on. */
  joined(sid: string): void {
    const returning = this.#returning.get(sid);
    const socket = this.#namespace.sockets.get(sid);
    if (returning === undefined || socket === undefined) {
      return;
    }
    const { history, adapter } = this.#options;
    this.#returning.delete(sid);
    this.#sessions.delete(returning.pid);
    this.#cameAfter.set(sid, returning.lastEmit);
    const absentee = { namespace: this.#namespace.name, sid, rooms: [...(adapter.sids.get(sid) ?? [])] };
    const since = history.after(returning.end, absentee).flatMap((emit) => this.#packetsOf(emit));
    for (const data of [...returning.missed, ...since]) {
      // Before its CONNECT packet, as socket.io sends what was missed; the client puts it behind.
      socket.packet({ type: EVENT, data });
    }
  }

  left(sid: string): void {
    this.#returning.delete(sid);
    this.#cameAfter.delete(sid);
  }

  sweep(): void {
    this.#sessions.sweep();
  }

  /** Another host asks for the session of a client that was here. @returns what stands for it, which is not here any more */
  transferSession({ pid, offset }: TransferSessionMessage): readonly object[] {
    this.#endOldConnection(pid);
    const kept = this.#sessions.get(pid);
    if (kept === undefined) {
      return [];
    }
    this.#sessions.delete(pid);
    const privates = this.#privatesOf(kept, parseOffset(offset));
    return [describeSession(kept, privates, kept.checkpoint ?? this.#options.writeCheckpoint())];
  }

  /** What other hosts can do for the clients of this one, which closes. */
  exportSessions(): readonly object[] {
    if (!this.#options.isShared()) {
      return [];
    }
    const { own } = this.#sessions;
    const mark = own.length === 0 ? undefined : this.#options.writeCheckpoint();
    return own.flatMap((kept) => {
      const privates = this.#privatesOf(kept);
      const bytes = privates.reduce((sum, { payload }) => sum + payload.length, 0);
      return mark === undefined || bytes > MOST_PRIVATE_BYTES ? [] : [describeSession(kept, privates, mark)];
    });
  }

  /** Sessions of a host that closes. */
  importSessions(items: readonly unknown[]): void {
    for (const item of items) {
      const kept = readSession(item);
      if (kept !== undefined) {
        this.#sessions.keep(kept);
      }
    }
  }

  get #namespace(): ServedNamespace {
    return this.#options.adapter.nsp;
  }

  /** A client that comes back knows that its old connection is dead before this host does. */
  #endOldConnection(pid: string): void {
    for (const socket of this.#namespace.sockets.values()) {
      if (socket.pid === pid) {
        // Leaves its session behind before this returns.
        socket.conn.close(true);
        return;
      }
    }
  }

  async #find(pid: string, offset: string): Promise<KeptSession | undefined> {
    const here = this.#sessions.get(pid);
    if (here?.isOwn || !this.#options.isShared()) {
      return here;
    }
    const question = { type: "transfer_session", namespace: this.#namespace.name, pid, offset } as const;
    const answers = await this.#options
      .requestPeers(question)
      .catch((error) => (error.responses ?? []) as readonly unknown[]);
    for (const answer of answers) {
      const kept = readSession(answer);
      if (kept?.session.pid === pid) {
        this.#sessions.keep(kept);
      }
    }
    return this.#sessions.get(pid);
  }

  #missedBy(kept: KeptSession, offset: Offset): unknown[][] | undefined {
    const { history } = this.#options;
    const missed = history.missed(this.#absentee(kept), offset, this.#quietSince(kept));
    if (missed === undefined) {
      return undefined;
    }
    const packets = this.#merge(missed, kept.privates, offset).flatMap((emit) => this.#packetsOf(emit));
    // With the last one it has received everything.
    packets.at(-1)?.splice(-1, 1, history.offset);
    return packets;
  }

  /** Puts what another host emitted to the client alone behind everything that host's clients had got before it. */
  #merge(missed: readonly PastEmit[], privates: readonly PrivateEmit[], known: Offset): readonly PrivateEmit[] {
    const { history } = this.#options;
    const merged: PrivateEmit[] = [];
    let next = 0;
    for (const own of privates) {
      const offset = parseOffset(own.offset);
      if (offset === undefined || (offset.host === known.host && offset.emit <= known.emit)) {
        continue;
      }
      const end = missed.findLastIndex((emit) => !history.isAfter(emit, offset)) + 1;
      merged.push(...missed.slice(next, end), own);
      next = Math.max(next, end);
    }
    return [...merged, ...missed.slice(next)];
  }

  #privatesOf(kept: KeptSession, offset?: Offset): readonly PrivateEmit[] {
    const { history } = this.#options;
    if (!kept.isOwn) {
      return kept.privates;
    }
    const received = offset?.host === history.host ? offset.emit : 0;
    return history.privates(this.#absentee(kept), Math.max(kept.since, received), this.#quietSince(kept));
  }

  /** @returns none for what cannot be delivered, which nobody got */
  #packetsOf({ payload, offset }: PrivateEmit): unknown[][] {
    const message = this.#options.read(payload);
    const data = message && decodeEvent(message);
    return data === undefined || "rejection" in data ? [] : [[...data, offset]];
  }

  #absentee({ session: { sid, rooms } }: KeptSession): DisconnectedClient {
    return { namespace: this.#namespace.name, sid, rooms };
  }

  /** Whatever came before it has been received: a ping that was answered had passed everything before it. */
  #quietSince({ leftAt }: KeptSession): number {
    return leftAt - this.#options.detection;
  }
}
