import type { Namespace } from "socket.io";
import { Adapter, type BroadcastOptions, type Room } from "socket.io-adapter";
import type { Bus } from "../bus/bus.js";
import { toBus } from "../bus/from-url.js";
import { type AdapterOptions, normalizeAdapter } from "../options.js";
import type { AckTicket, WireRoom } from "../protocol/messages.js";
import { ExpectedAnswers } from "./answers.js";
import { EVENT } from "./deliver.js";
import { Host } from "./host.js";
import type { BridgeHandle } from "./observe.js";

/** A sid as Engine.IO and python-engineio make them: 20 url-safe characters; Engine.IO 3 puts the namespace before. */
const SID = /^(?:\/[^#]*#)?[\w-]{20}$/;

/** How long before socket.io's own timer answers stop being collected, in milliseconds. */
const ACK_MARGIN_MS = 10;

interface Packet {
  readonly type: number;
  readonly data: readonly unknown[];
  readonly id?: number;
}

/** `socket.io-adapter` leaves these fields optional; the rest of this file does not. */
interface Target {
  readonly rooms: ReadonlySet<Room>;
  readonly except: ReadonlySet<Room>;
  readonly local: boolean;
  /** Milliseconds; socket.io itself gives up after this. */
  readonly timeout: number;
}

function normalizeTarget(options: BroadcastOptions): Target {
  return {
    rooms: options.rooms,
    except: options.except ?? new Set(),
    local: options.flags?.local === true,
    timeout: options.flags?.timeout ?? 0,
  };
}

/** JavaScript lets anything be a room; only names can be said to others. */
function names(rooms: ReadonlySet<Room>): readonly string[] {
  return [...rooms].filter((room) => typeof room === "string");
}

/** One namespace of one server. Delivery to its own clients comes first and never waits for the broker. */
class PythonBridgeAdapter extends Adapter {
  readonly #host: Host;

  constructor(namespace: Namespace, host: Host) {
    super(namespace);
    this.#host = host;
    // Not in init(), which socket.io before 4.8.3 does not call for a namespace without clients.
    host.attach(this);
    if (this.#hasRecovery) {
      this.#host.warn(
        "recovery",
        "connection state recovery is not carried over: clients come back with a new session",
      );
    }
  }

  get #hasRecovery(): boolean {
    return this.nsp.server.opts.connectionStateRecovery !== undefined;
  }

  override delAll(sid: string): void {
    super.delAll(sid);
    this.#host.forgetClient(this, sid);
  }

  override close(): Promise<void> {
    return this.#host.detach(this);
  }

  override broadcast(packet: Packet, options: BroadcastOptions): void {
    const target = normalizeTarget(options);
    const { data } = packet;
    // A packet with an id is an acknowledged emit to one client of this host; so is, with connection state recovery,
    // every socket.emit(), and neither concerns anybody else.
    const isPrivate = packet.id !== undefined || (this.#hasRecovery && this.#isOwnClient(target));
    const everywhere = !target.local && packet.type === EVENT && !isPrivate;
    if (!everywhere) {
      super.broadcast(packet, options);
      return;
    }
    // Encoded before anybody gets it: what cannot be said to others is an error, and not an event for some.
    const payload = this.#encodeEmit(data, target, null);
    this.#observe(data, target);
    super.broadcast(packet, options);
    this.#publish(payload);
  }

  override broadcastWithAck(
    packet: Packet,
    options: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: (...args: unknown[]) => void,
  ): void {
    const target = normalizeTarget(options);
    // socket.io's timer runs already, and a broadcast to many takes its time.
    const deadline = performance.now() + target.timeout - ACK_MARGIN_MS;
    const { data } = packet;
    if (target.local || this.#isOwnClient(target)) {
      super.broadcastWithAck(packet, options, clientCountCallback, ack);
      return;
    }
    const answers = new ExpectedAnswers(clientCountCallback, ack);
    const isOne = this.#isOneClient(target);
    const payload = this.#encodeEmit(data, target, this.#requestAcks(target, isOne, answers, deadline));
    this.#observe(data, target);
    super.broadcastWithAck(
      packet,
      options,
      (count) => answers.expectLocal(count),
      (answer) => answers.fromLocal(answer),
    );
    if (isOne) {
      answers.expectRemote();
    }
    this.#publish(payload);
  }

  #isOwnClient({ rooms }: Target): boolean {
    const [room] = rooms;
    return rooms.size === 1 && this.nsp.sockets.has(room);
  }

  /** A sid, as far as its looks tell; a room of clients of this host is none, whatever its name looks like. */
  #isOneClient({ rooms }: Target): boolean {
    const [room] = names(rooms);
    return room !== undefined && rooms.size === 1 && SID.test(room) && !this.rooms.has(room);
  }

  /**
   * Nobody can say how many clients of Python hosts are in a room, so answers to anything but one sid are collected
   * until the time is over.
   *
   * @param deadline - of `performance.now()`
   * @returns null when the table is full: the emit goes out, and its answers are not heard
   */
  #requestAcks(target: Target, isOne: boolean, answers: ExpectedAnswers, deadline: number): AckTicket | null {
    const [room] = names(target.rooms);
    const ticket = this.#host.acks.add({
      room: room === undefined || target.rooms.size > 1 ? null : this.#pythonRoom(room),
      namespace: this.nsp.name,
      many: !isOne,
      timeout: Math.max(1, deadline - performance.now()),
      onAnswer: (args) => answers.fromRemote(args[0]),
      onTimeout: () => {
        // An only client that has not answered is what socket.io's own timeout reports.
        if (!isOne) {
          answers.end();
        }
      },
    });
    if (ticket === undefined) {
      const limit = this.#host.options.maxPendingAcks;
      this.#host.warn("acks", `${limit} acknowledgements are awaited already; this one can only time out`);
    }
    return ticket ?? null;
  }

  override addSockets(options: BroadcastOptions, rooms: Room[]): void {
    super.addSockets(options, rooms);
    this.#forEachRemoteSid("socketsJoin", options, (sid) => this.#publishMoves("enter_room", sid, rooms));
  }

  override delSockets(options: BroadcastOptions, rooms: Room[]): void {
    super.delSockets(options, rooms);
    const { rooms: targets, except, local } = normalizeTarget(options);
    const [room] = targets;
    // Everyone in a room leaves that room: that much Python can say.
    if (
      !local &&
      except.size === 0 &&
      targets.size === 1 &&
      rooms.length === 1 &&
      room === rooms[0] &&
      typeof room === "string"
    ) {
      this.#host.publish({ method: "close_room", room: this.#pythonRoom(room), ...this.#sender() });
      return;
    }
    this.#forEachRemoteSid("socketsLeave", options, (sid) => this.#publishMoves("leave_room", sid, rooms));
  }

  override disconnectSockets(options: BroadcastOptions, close: boolean): void {
    // Asked first: the clients of this host are gone afterwards.
    const remote = this.#remoteTargets(options);
    super.disconnectSockets(options, close);
    this.#warnIfLocalOnly("disconnectSockets", options);
    for (const sid of remote) {
      this.#host.publish({ method: "disconnect", sid, ...this.#sender() });
    }
  }

  /** Python moves and disconnects clients by sid, and only the host that holds a client knows that it does. */
  #forEachRemoteSid(operation: string, options: BroadcastOptions, publish: (sid: string) => void): void {
    this.#warnIfLocalOnly(operation, options);
    for (const sid of this.#remoteTargets(options)) {
      publish(sid);
    }
  }

  #remoteTargets(options: BroadcastOptions): readonly string[] {
    const { rooms, except, local } = normalizeTarget(options);
    return local ? [] : names(rooms).filter((room) => !this.nsp.sockets.has(room) && !except.has(room));
  }

  #warnIfLocalOnly(operation: string, options: BroadcastOptions): void {
    const { rooms, local } = normalizeTarget(options);
    if (!local && !names(rooms).every((room) => SID.test(room) || this.nsp.sockets.has(room))) {
      this.#host.warn(operation, `${operation}() on a room acts on the clients of this host; on others, by sid only`);
    } else if (!local && rooms.size === 0) {
      this.#host.warn(operation, `${operation}() on everyone acts on the clients of this host only`);
    }
  }

  #publishMoves(method: "enter_room" | "leave_room", sid: string, rooms: readonly Room[]): void {
    for (const room of names(new Set(rooms))) {
      this.#host.publish({ method, sid, room: this.#pythonRoom(room), ...this.#sender() });
    }
  }

  /** @returns undefined for an emit to nobody else, such as io.to(undefined), which must not become everybody */
  #encodeEmit(data: readonly unknown[], target: Target, callback: AckTicket | null): Uint8Array | string | undefined {
    const [event, ...args] = data;
    const rooms = names(target.rooms);
    if (target.rooms.size > 0 && rooms.length === 0) {
      return undefined;
    }
    const except = names(target.except);
    return this.#host.encode({
      method: "emit",
      event: String(event),
      args,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.#pythonRoom(room)),
      skipSids: except,
      // Python skips sids alone, so what may be a room is said once more, for Node hosts.
      exceptRooms: except.filter((name) => !this.nsp.sockets.has(name)),
      callback,
      ...this.#sender(),
    });
  }

  #publish(payload: Uint8Array | string | undefined): void {
    if (payload !== undefined) {
      this.#host.publishEncoded(payload);
    }
  }

  #observe(data: readonly unknown[], target: Target): void {
    if (this.#host.isWatched) {
      const [event, ...args] = data;
      const rooms = target.rooms.size === 0 ? null : [...target.rooms];
      const skipSids = [...target.except];
      this.#host.observe({ event: String(event), args, rooms, skipSids, ...this.#sender(), origin: "local" });
    }
  }

  #pythonRoom(room: Room): WireRoom {
    return this.#host.options.toPythonRoom(room, this.nsp.name);
  }

  #sender(): { readonly namespace: string; readonly hostId: string } {
    return { namespace: this.nsp.name, hostId: this.#host.hostId };
  }
}

/** What `createAdapter` returns: goes into `new Server(http, { adapter })`, and can be watched. */
export type BridgeAdapter = ((namespace: Namespace) => Adapter) & BridgeHandle;

/**
 * Makes a Socket.IO server one more host of a python-socketio fleet.
 *
 * Connects when the server that gets it is made, and closes with `io.close()`. One adapter serves one server.
 *
 * @param urlOrBus - the broker that the Python side names, as a URL or as a bus made by hand
 * @throws BridgeError `INVALID_URL`, `INVALID_OPTION`
 * @example
 *     const adapter = createAdapter("redis://localhost:6379", { channel: "flask-socketio" });
 *     const io = new Server(http, { adapter });
 *     await adapter.ready();
 */
export function createAdapter(urlOrBus: string | Bus, options: AdapterOptions = {}): BridgeAdapter {
  const normalized = normalizeAdapter(options);
  const host = new Host(toBus(urlOrBus, normalized.channels[0], options), normalized);

  // socket.io calls this with `new`, so it cannot be an arrow function.
  function adapterOf(namespace: Namespace): Adapter {
    host.belongTo(namespace.server);
    return new PythonBridgeAdapter(namespace, host);
  }

  return Object.assign(adapterOf, {
    hostId: host.hostId,
    ready: () => host.ready(),
    onStatus: host.onStatus.bind(host),
    onRejected: host.onRejected.bind(host),
    onEmit: host.onEmit.bind(host),
    stats: () => host.stats(),
  });
}
