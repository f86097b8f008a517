import type { BusStatus } from "../bus/bus.js";
import type { WireRoom } from "../protocol/model/messages.js";
import type { AckResponse, EmitArgs, EventNamesWithAck, EventNamesWithoutAck, EventsMap } from "./event-types.js";

/** Says whom something is for, and how it is sent. Immutable: each call returns a new target. */
export interface TargetModifiers<Target> {
  /**
   * A room, a sid, or a list of them. Several calls add up, and a client that is in several of the rooms gets the event
   * once. Without any, everyone in the namespace is meant.
   */
  to(room: WireRoom | readonly WireRoom[]): Target;
  /** The same as `to`. */
  in(room: WireRoom | readonly WireRoom[]): Target;
  /** Sids, or rooms, whose clients are left out. Python hosts leave out sids only. */
  except(room: string | readonly string[]): Target;
  /**
   * Node hosts drop the event for a client that is not ready to receive it: its connection is slow, or is in the middle
   * of a long-polling request. Python hosts send it all the same.
   */
  readonly volatile: Target;
  /** Whether Node hosts compress the event where the connection can be compressed. Python hosts decide for themselves. */
  compress(compress: boolean): Target;
}

/**
 * Some clients of one namespace.
 *
 * Everything here resolves when the broker has taken the message, which does not say that a client is there. It rejects
 * with a `BridgeError`: `BRIDGE_INVALID_ARGUMENT`, `BRIDGE_MESSAGE_DROPPED`, `BRIDGE_BROKER_UNAVAILABLE` or
 * `BRIDGE_CLOSED`. A rejection that nobody handles is logged, and does not end the process.
 */
export interface EmitTarget<Events extends EventsMap> extends TargetModifiers<EmitTarget<Events>> {
  /** @throws BridgeError rejects as described for `EmitTarget` */
  emit<Event extends EventNamesWithoutAck<Events>>(event: Event, ...args: EmitArgs<Events, Event>): Promise<void>;
  /**
   * For `emitWithAck`, which needs an emitter made with `acks: true`.
   *
   * @param milliseconds - how long to wait for acknowledgements: a whole number from 1 to 2^31 - 1
   */
  timeout(milliseconds: number): AckEmitTarget<Events>;
  /**
   * Puts the clients into rooms.
   *
   * Clients of Python hosts are reached where `to()` names sids, on python-socketio 5.10 or later. Where it names
   * rooms, or nobody, they stay as they are, since Python reads no such command.
   *
   * @throws BridgeError rejects as described for `EmitTarget`
   */
  socketsJoin(rooms: WireRoom | readonly WireRoom[]): Promise<void>;
  /**
   * Takes the clients out of rooms. Reaches clients of Python hosts as `socketsJoin` does; and all of them where everyone
   * leaves, as in `to(room).socketsLeave(room)`, which is Python's `close_room`.
   *
   * @throws BridgeError rejects as described for `EmitTarget`
   */
  socketsLeave(rooms: WireRoom | readonly WireRoom[]): Promise<void>;
  /**
   * Disconnects the clients from the namespace. Reaches clients of Python hosts as `socketsJoin` does.
   *
   * @param close - whether to close the connection as well, which may serve other namespaces; Python hosts leave it open.
   *   `false` by default
   * @throws BridgeError rejects as described for `EmitTarget`
   */
  disconnectSockets(close?: boolean): Promise<void>;
}

/** Some clients of one namespace that are to acknowledge an event. */
export interface AckEmitTarget<Events extends EventsMap> extends TargetModifiers<AckEmitTarget<Events>> {
  /**
   * Resolves with one response of each client that got the event, its first argument to the acknowledgement, as soon as
   * the last one is here. Where Python hosts may have clients, which cannot be counted, it resolves when the time is over:
   * see the option `pythonHosts`.
   *
   * @throws BridgeError rejects as `emit` does, and with `BRIDGE_BUSY`; IncompleteError with `BRIDGE_TIMEOUT` if a client
   *   has not acknowledged in time, or with `BRIDGE_CLOSED`: its `responses` are those that came
   */
  emitWithAck<Event extends EventNamesWithAck<Events>>(
    event: Event,
    ...args: EmitArgs<Events, Event>
  ): Promise<AckResponse<Events, Event>[]>;
  /** Replaces the timeout. */
  timeout(milliseconds: number): AckEmitTarget<Events>;
}

/** One namespace: a target that is everyone in it, what Python's manager does with one client, and the servers. */
export interface EmitterNamespace<Events extends EventsMap> extends EmitTarget<Events> {
  /**
   * Puts that client into the room, on whichever host it is; Python hosts need python-socketio 5.10 or later.
   *
   * @throws BridgeError rejects as described for `EmitTarget`, as do the following
   */
  enterRoom(sid: string, room: WireRoom): Promise<void>;
  leaveRoom(sid: string, room: WireRoom): Promise<void>;
  /** Everyone leaves the room, on every host. A client does not leave the room of its own sid. */
  closeRoom(room: WireRoom): Promise<void>;
  /** Disconnects that client from the namespace, on whichever host it is. */
  disconnect(sid: string): Promise<void>;
  /**
   * Emits an event on every Node host, where `io.on(event)` receives it. Python hosts have nothing like it.
   *
   * No host responds: an acknowledgement at the end of the arguments is `BRIDGE_INVALID_ARGUMENT`, and so is an event
   * that Socket.IO itself emits on a namespace, such as `connection`.
   *
   * @throws BridgeError rejects as described for `EmitTarget`
   */
  serverSideEmit(event: string, ...args: unknown[]): Promise<void>;
}

/** Sends to a fleet without being one of its servers: `RedisManager(url, write_only=True)` in TypeScript. */
export interface Emitter<Events extends EventsMap> extends EmitterNamespace<Events> {
  /** @param namespace - with or without the slash at its beginning */
  of(namespace: string): EmitterNamespace<Events>;
  /** @returns a function that unsubscribes */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /**
   * Publishes what is waiting, if the broker is there, then releases every handle. What waits for acknowledgements rejects
   * with `BRIDGE_CLOSED`.
   */
  close(): Promise<void>;
}
