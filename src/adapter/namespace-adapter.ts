import type { Namespace } from "socket.io";
import {
  Adapter,
  type BroadcastOptions,
  type PrivateSessionId,
  type Session as RestoredSession,
  type Room,
  type SocketId,
} from "socket.io-adapter";
import { AckCollector } from "../cluster/ack-collector.js";
import type { CallbackRef, WireRoom } from "../protocol/model/messages.js";
import { buildEmitExtension } from "../protocol/model/node-extension.js";
import type { EncodedEmit } from "../protocol/model/outgoing.js";
import { callApplication } from "../util/listeners.js";
import { batchWrites } from "./clients/batched-writes.js";
import { hasDefaultParser, prepareText, sendPrepared } from "./clients/prepared-event.js";
import { hasRecipient } from "./clients/recipients.js";
import type { Host } from "./host.js";
import { EVENT, type EventPacket } from "./inbound/deliver.js";
import {
  describedSockets,
  firstAnswers,
  type SocketDescription,
  withoutAcknowledgement,
} from "./outbound/peer-replies.js";
import { type Command, disconnectCommand, joinCommand, leaveCommand } from "./outbound/room-commands.js";
import {
  isLocalClient,
  isLocalOnly,
  isRemoteClient,
  normalizeTarget,
  roomNames,
  type Target,
} from "./outbound/target.js";
import type { Recovery } from "./recovery/recovery.js";
import type { Session } from "./recovery/sessions.js";

/** How long before socket.io's own timer answers stop being collected, in milliseconds. */
const ACK_MARGIN_MS = 10;

type Packet = Omit<EventPacket, "type"> & { readonly type: number };

/** As with `SessionAwareAdapter` of socket.io-adapter: a volatile emit and one that waits for an answer are not. */
function isRecoverable(packet: Packet, { flags }: BroadcastOptions): boolean {
  return packet.type === EVENT && packet.id === undefined && flags?.volatile !== true;
}

/** One namespace of one server. Delivery to its own clients comes first and never waits for the broker. */
export class PythonBridgeAdapter extends Adapter {
  readonly #host: Host;
  readonly #recovery: Recovery | undefined;
  /** Whether `BroadcastOperator` is about to ask for the number of servers: see `broadcastWithAck`. */
  #isOperatorNext = false;

  constructor(namespace: Namespace, host: Host) {
    super(namespace);
    this.#host = host;
    // Not in init(), which socket.io before 4.8.3 does not call for a namespace without clients.
    this.#recovery = host.addNamespace(this);
  }

  override addAll(sid: SocketId, rooms: Set<Room>): void {
    void super.addAll(sid, rooms);
    const connection = this.nsp.sockets.get(sid)?.conn;
    if (connection !== undefined) {
      batchWrites(connection);
    }
    this.#recovery?.joined(sid);
  }

  override delAll(sid: SocketId): void {
    super.delAll(sid);
    this.#recovery?.left(sid);
    this.#host.forgetClient(this, sid);
  }

  override persistSession(session: Session): void {
    this.#recovery?.persist(session);
  }

  override async restoreSession(pid: PrivateSessionId, offset: string): Promise<RestoredSession> {
    // socket.io takes null for a session that is not there, which its types do not say.
    return (await this.#recovery?.restore(pid, offset)) as RestoredSession;
  }

  override close(): Promise<void> {
    return this.#host.removeNamespace(this);
  }

  override broadcast(packet: Packet, options: BroadcastOptions): void {
    const target = normalizeTarget(options);
    const { data } = packet;
    // A packet with an id is an acknowledged emit to one client of this host; so is, with connection state recovery,
    // every socket.emit(), and neither concerns anybody else.
    const isPrivate = packet.id !== undefined || (this.#recovery !== undefined && isLocalClient(this, target));
    const recovery = isRecoverable(packet, options) ? this.#recovery : undefined;
    if (packet.type !== EVENT || isPrivate || isLocalOnly(target)) {
      super.broadcast(recovery?.emittedHere(packet, target) ?? packet, options);
      return;
    }
    const number = recovery?.nextEmit();
    // Encoded before anybody gets it: what cannot be said to others is an error, and not an event for some.
    const encoded = this.#encodeEmit(data, target, options, null, number);
    const { payload } = encoded;
    this.#observe(data, target);
    if (this.#recovery !== undefined || !this.#sendEncoded(packet, target, options, encoded)) {
      const sent = number === undefined ? packet : recovery?.emitted(packet, target, payload, number);
      super.broadcast(sent ?? packet, options);
    }
    this.#host.publishEncoded(payload);
  }

  /** Gives own clients the text that goes over the channel. @returns `false` where it is not what they are to get */
  #sendEncoded(
    { data }: Packet,
    target: Target,
    { flags }: BroadcastOptions,
    { argsJson: list }: EncodedEmit,
  ): boolean {
    const [event] = data;
    if (list === undefined || typeof event !== "string" || !hasDefaultParser(this)) {
      return false;
    }
    if (hasRecipient(this, target.rooms)) {
      sendPrepared(this, prepareText(this.nsp.name, event, list, data), target, flags ?? {});
    }
    return true;
  }

  /**
   * `BroadcastOperator` of socket.io ends an emit when as many servers as `serverCount()` told have told their number of
   * clients, and all of these have answered. Here `Ask` knows better who has to answer, and tells one number at the end;
   * so the operator, which asks in the same turn, is told that there is one server.
   */
  override broadcastWithAck(
    packet: Packet,
    options: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    const target = normalizeTarget(options);
    if (isLocalOnly(target) || isLocalClient(this, target)) {
      super.broadcastWithAck(packet, options, clientCountCallback, ack);
    } else {
      this.#askEverywhere(packet, options, clientCountCallback, ack);
    }
    this.#isOperatorNext = true;
    queueMicrotask(() => {
      this.#isOperatorNext = false;
    });
  }

  override async serverCount(): Promise<number> {
    if (this.#isOperatorNext) {
      this.#isOperatorNext = false;
      return 1;
    }
    return this.#host.cluster.serverCount(this.#host.options.requestsTimeout);
  }

  #askEverywhere(
    packet: Packet,
    options: BroadcastOptions,
    onDone: (clientCount: number) => void,
    onAnswer: (answer: unknown) => void,
  ): void {
    const target = normalizeTarget(options);
    const { data } = packet;
    const { peers, pythonHosts: python } = this.#host.cluster;
    const isOne = isRemoteClient(this, target, this.#host.looksLikeSid);
    const ask = new AckCollector({
      peers: peers.hostIds,
      isSingleClient: isOne,
      pythonHosts: python,
      onAck: onAnswer,
      onDone,
    });
    // socket.io's timer runs already, and a broadcast to many takes its time.
    const ticket = this.#awaitAnswers(ask, target, target.timeout - ACK_MARGIN_MS);
    let payload: Uint8Array | string;
    try {
      ({ payload } = this.#encodeEmit(data, target, options, ticket));
    } catch (error) {
      ask.cancel();
      throw error;
    }
    this.#observe(data, target);
    super.broadcastWithAck(
      packet,
      options,
      (count) => ask.expectOwn(count),
      (answer) => ask.addOwnAck(answer),
    );
    this.#host.publishEncoded(payload);
    void this.#beginAsk(ask);
  }

  /** @returns null when the table is full: the emit goes out, and its answers are not heard */
  #awaitAnswers(ask: AckCollector, target: Target, timeout: number): CallbackRef | null {
    const [room] = roomNames(target.rooms);
    const ticket = this.#host.acks.add({
      room: room === undefined || target.rooms.size > 1 ? null : this.#pythonRoom(room),
      namespace: this.nsp.name,
      timeout: Math.max(1, timeout),
      collector: ask,
    });
    if (ticket === undefined) {
      const limit = this.#host.options.maxPendingAcks;
      this.#host.warn("acks", `${limit} acknowledgements are awaited already; this one can only time out`);
    }
    return ticket ?? null;
  }

  /** After the emit, which it does not hold up: finds out whether somebody will answer who cannot be counted. */
  async #beginAsk(ask: AckCollector): Promise<void> {
    const { cluster } = this.#host;
    const [listeners] = await Promise.all([this.#host.countListeners(), cluster.peersDiscovered]);
    callApplication(() => ask.start(listeners, 1 + cluster.peers.emitterCount));
  }

  override addSockets(options: BroadcastOptions, rooms: Room[]): void {
    const command = joinCommand(this.#speaker, normalizeTarget(options), rooms);
    super.addSockets(options, rooms);
    this.#order("socketsJoin", command);
  }

  override delSockets(options: BroadcastOptions, rooms: Room[]): void {
    const command = leaveCommand(this.#speaker, normalizeTarget(options), rooms);
    super.delSockets(options, rooms);
    this.#order("socketsLeave", command);
  }

  override disconnectSockets(options: BroadcastOptions, close: boolean): void {
    // Made first: the clients of this host are gone afterwards.
    const command = disconnectCommand(this.#speaker, normalizeTarget(options), close);
    super.disconnectSockets(options, close);
    this.#order("disconnectSockets", command);
  }

  #order(operation: string, { messages, isForNodeOnly }: Command): void {
    for (const message of messages) {
      this.#host.publish(message);
    }
    if (isForNodeOnly && this.#host.cluster.pythonHosts.areExpected) {
      this.#host.warn(operation, `${operation}() reaches clients of Python hosts by sid only, not by a room`);
    }
  }

  override async fetchSockets(options: BroadcastOptions): Promise<SocketDescription[]> {
    const target = normalizeTarget(options);
    const own: SocketDescription[] = await super.fetchSockets(options);
    if (isLocalOnly(target) || isLocalClient(this, target)) {
      return own;
    }
    const { cluster, options: limits } = this.#host;
    const [rooms, except] = [roomNames(target.rooms), roomNames(target.except)];
    const question = { type: "fetch_sockets", namespace: this.nsp.name, rooms, except } as const;
    const items = await cluster.request(question, target.timeout || limits.requestsTimeout);
    return [...own, ...describedSockets(items)];
  }

  /** Deprecated in socket.io, which calls it `allSockets()`. */
  override async sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const sockets = await this.fetchSockets({ rooms });
    return new Set(sockets.map(({ id }) => id));
  }

  /** The names of all rooms that have clients on Node hosts, as of @socket.io/redis-adapter. */
  async allRooms(): Promise<Set<Room>> {
    const { cluster, options } = this.#host;
    const others = await cluster.request({ type: "all_rooms", namespace: this.nsp.name }, options.requestsTimeout);
    return new Set([...this.rooms.keys(), ...roomNames(others as readonly Room[])]);
  }

  override serverSideEmit(packet: unknown[]): void {
    const { cluster, hostId, options } = this.#host;
    const { args, acknowledge } = withoutAcknowledgement(packet);
    const question = { type: "server_side_emit", namespace: this.nsp.name, args } as const;
    if (acknowledge === undefined) {
      // The status tells what becomes of it.
      cluster.publish({ ...question, from: hostId, id: 0, isAcknowledged: false }).catch(() => {});
      return;
    }
    cluster.request({ ...question, isAcknowledged: true }, options.requestsTimeout).then(
      (items) => callApplication(() => acknowledge(null, firstAnswers(items))),
      (error) => callApplication(() => acknowledge(error, firstAnswers(error.responses ?? []))),
    );
  }

  #encodeEmit(
    data: readonly unknown[],
    target: Target,
    { flags = {} }: BroadcastOptions,
    callback: CallbackRef | null,
    number?: number,
  ): EncodedEmit {
    const [event, ...args] = data;
    const rooms = roomNames(target.rooms);
    const except = roomNames(target.except);
    // Python skips sids alone, so what may be a room is said once more, for Node hosts. Members of the room that this
    // host has need no mention: no other host has them.
    const exceptRooms = except.filter((name) => !this.nsp.sockets.has(name));
    this.#host.reportExcept(this, exceptRooms);
    return this.#host.encodeEmit({
      method: "emit",
      event: String(event),
      args,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.#pythonRoom(room)),
      skipSids: except,
      exceptRooms,
      callback,
      node: buildEmitExtension(args, flags, callback === null ? undefined : target.timeout, number),
      ...this.#sender(),
    });
  }

  #observe(data: readonly unknown[], target: Target): void {
    if (this.#host.hasEmitListeners) {
      const [event, ...args] = data;
      const rooms = target.rooms.size === 0 ? null : [...target.rooms];
      const skipSids = [...target.except];
      this.#host.observe({ event: String(event), args, rooms, skipSids, ...this.#sender(), origin: "local" });
    }
  }

  #pythonRoom(room: Room): WireRoom {
    return this.#host.options.toPythonRoom(room, this.nsp.name);
  }

  get #speaker() {
    const { hostId, looksLikeSid } = this.#host;
    return { adapter: this, hostId, looksLikeSid, toPythonRoom: (room: string) => this.#pythonRoom(room) };
  }

  #sender(): { readonly namespace: string; readonly hostId: string } {
    return { namespace: this.nsp.name, hostId: this.#host.hostId };
  }
}
