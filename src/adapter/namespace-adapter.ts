import type { Namespace } from "socket.io";
import {
  Adapter,
  type BroadcastOptions,
  type PrivateSessionId,
  type Session as RestoredSession,
  type Room,
  type SocketId,
} from "socket.io-adapter";
import { batchWrites } from "./clients/batched-writes.js";
import type { Packet } from "./clients/event-packet.js";
import { clientOf, namespaceOf } from "./clients/namespace.js";
import { OperatorServerCount } from "./clients/operator-server-count.js";
import type { Host } from "./host.js";
import type { OwedAcks } from "./inbound/owed-acks.js";
import { Broadcast } from "./outbound/broadcast.js";
import { BroadcastWithAck } from "./outbound/broadcast-with-ack.js";
import { allRooms, fetchSockets, type SocketDescription } from "./outbound/fetch-sockets.js";
import { OutgoingEmits } from "./outbound/outgoing-emits.js";
import { RoomCommands } from "./outbound/room-commands.js";
import { serverSideEmit } from "./outbound/server-side-emit.js";
import type { NamespaceRecovery } from "./recovery/namespace-recovery.js";
import type { Session } from "./recovery/sessions.js";
import { sendOrDrop } from "./send-or-drop.js";

/** The adapter of one namespace: maps the methods that socket.io calls to what does them. */
export class NamespaceAdapter extends Adapter {
  readonly #host: Host;
  readonly #owedAcks: OwedAcks;
  readonly #recovery: NamespaceRecovery | undefined;
  readonly #broadcast: Broadcast;
  readonly #broadcastWithAck: BroadcastWithAck;
  readonly #roomCommands: RoomCommands;
  readonly #operatorServerCount = new OperatorServerCount();

  constructor(namespace: Namespace, host: Host) {
    super(namespace);
    // Not in init(), which socket.io before 4.8.3 does not call for a namespace without clients.
    const { owedAcks, recovery } = host.addNamespace(this);
    const dependencies = { ...host.outbound, adapter: this };
    const emits = new OutgoingEmits(dependencies);
    this.#host = host;
    this.#owedAcks = owedAcks;
    this.#recovery = recovery;
    this.#broadcast = new Broadcast(this, emits, recovery?.recorder);
    this.#broadcastWithAck = new BroadcastWithAck(dependencies, emits);
    this.#roomCommands = new RoomCommands(dependencies);
  }

  override close(): Promise<void> {
    return this.#host.removeNamespace(this);
  }

  override addAll(sid: SocketId, rooms: Set<Room>): void {
    void super.addAll(sid, rooms);
    const connection = clientOf(this, sid)?.conn;
    if (connection !== undefined) {
      batchWrites(connection);
    }
    this.#recovery?.joined(sid);
  }

  override delAll(sid: SocketId): void {
    super.delAll(sid);
    this.#recovery?.left(sid);
    this.#owedAcks.clientLeft(sid);
  }

  override persistSession(session: Session): void {
    this.#recovery?.persist(session);
  }

  override async restoreSession(pid: PrivateSessionId, offset: string): Promise<RestoredSession> {
    // socket.io accepts null for a missing session; its types do not allow it.
    return (await this.#recovery?.restore(pid, offset)) as RestoredSession;
  }

  override broadcast(packet: Packet, options: BroadcastOptions): void {
    this.#sendOrDrop(() => this.#broadcast.send(packet, options));
  }

  override broadcastWithAck(
    packet: Packet,
    options: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    this.#sendOrDrop(() => this.#broadcastWithAck.send(packet, options, clientCountCallback, ack));
    this.#operatorServerCount.expect();
  }

  override async serverCount(): Promise<number> {
    const { cluster, options } = this.#host;
    return this.#operatorServerCount.take() ? 1 : cluster.serverCount(options.requestsTimeout);
  }

  override addSockets(options: BroadcastOptions, rooms: Room[]): void {
    this.#sendOrDrop(() => this.#roomCommands.join(options, rooms));
  }

  override delSockets(options: BroadcastOptions, rooms: Room[]): void {
    this.#sendOrDrop(() => this.#roomCommands.leave(options, rooms));
  }

  override disconnectSockets(options: BroadcastOptions, close: boolean): void {
    this.#sendOrDrop(() => this.#roomCommands.disconnect(options, close));
  }

  override fetchSockets(options: BroadcastOptions): Promise<SocketDescription[]> {
    const { cluster, options: limits } = this.#host;
    return fetchSockets(this, options, cluster, limits.requestsTimeout);
  }

  /** Deprecated in socket.io, which calls it `allSockets()`. */
  override async sockets(rooms: Set<Room>): Promise<Set<SocketId>> {
    const sockets = await this.fetchSockets({ rooms });
    return new Set(sockets.map(({ id }) => id));
  }

  /** The names of all rooms with clients on Node hosts, as in @socket.io/redis-adapter. */
  allRooms(): Promise<Set<Room>> {
    const { cluster, options } = this.#host;
    return allRooms(this, cluster, options.requestsTimeout);
  }

  override serverSideEmit(packet: unknown[]): void {
    const { cluster, options } = this.#host;
    this.#sendOrDrop(() => serverSideEmit(namespaceOf(this).name, packet, cluster, options.requestsTimeout));
  }

  #sendOrDrop(send: () => void): void {
    sendOrDrop(send, this.#host.reporter);
  }
}
