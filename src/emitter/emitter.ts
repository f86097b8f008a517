import type { BusStatus } from "../bus/bus.js";
import { type BusSource, openBus } from "../bus/open.js";
import { BridgeError, type BridgeErrorCode } from "../errors.js";
import { type EmitterOptions, type NormalizedReader, normalizeReader } from "../options.js";
import { encoderOf } from "../protocol/encoders.js";
import { newHostId } from "../protocol/model/host-id.js";
import type { AckTicket, WireRoom } from "../protocol/model/messages.js";
import { buildEmitExtension } from "../protocol/model/node-extension.js";
import type { OutgoingMessage } from "../protocol/model/outgoing.js";
import { logStatus } from "../reporting/log-status.js";
import { RateLimitedLog } from "../util/logger.js";
import { quote } from "../util/quote.js";
import { isTimerDelay } from "../util/validation.js";
import { AckListener } from "./ack-listener.js";

/** Events and the arguments of their listeners, as in `Server<ClientToServerEvents, ServerToClientEvents>`. */
// biome-ignore lint/suspicious/noExplicitAny: an interface without index signature must fit, as in socket.io's own type
export type EventsMap = { [event: string]: any };

type EventName<Events extends EventsMap> = keyof Events & string;
type EventArgs<Events extends EventsMap, Event extends EventName<Events>> = Parameters<Events[Event]>;
/** Arguments of a listener without the acknowledgement at the end, where its type has one. */
export type ArgsWithoutAck<Args extends readonly unknown[]> = Args extends [
  ...infer Others,
  (...answer: never) => unknown,
]
  ? Others
  : Args;

/** Whom an emit is for. Immutable: each call gives a new one. */
export interface EmitTarget<Events extends EventsMap> {
  /** A room, or a list; several calls add up, and a client in several rooms gets the event once. A sid is a room. */
  to(room: WireRoom | readonly WireRoom[]): EmitTarget<Events>;
  /** The same as `to`. */
  in(room: WireRoom | readonly WireRoom[]): EmitTarget<Events>;
  /** Sids that do not get it. Node hosts also take a room; Python hosts skip sids only. */
  except(sid: string | readonly string[]): EmitTarget<Events>;
  /**
   * Resolves when the broker has taken the message, which is no promise that a client is there.
   *
   * @throws BridgeError rejects with `BRIDGE_INVALID_ARGUMENT`, `BRIDGE_MESSAGE_DROPPED`, `BRIDGE_BROKER_UNAVAILABLE` or `BRIDGE_CLOSED`
   */
  emit<Event extends EventName<Events>>(event: Event, ...args: EventArgs<Events, Event>): Promise<void>;
  /**
   * For emits with acknowledgements, which take an emitter made with `acks: true`.
   *
   * @param milliseconds - how long they are waited for
   */
  timeout(milliseconds: number): AckEmitTarget<Events>;
}

/** Whom a question is for. */
export interface AckEmitTarget<Events extends EventsMap> {
  /**
   * Resolves with the answers of all clients that got it, each its first argument, when the last one is here; with
   * Python hosts in the fleet, when the time is over (see `pythonHosts` of the options).
   *
   * @throws BridgeError rejects as `emit` does, and with `BRIDGE_BUSY`; IncompleteError with `BRIDGE_TIMEOUT` if a client has not
   *   answered in time, or `BRIDGE_CLOSED`: its `responses` are those that came
   */
  emitWithAck<Event extends EventName<Events>>(
    event: Event,
    ...args: ArgsWithoutAck<EventArgs<Events, Event>>
  ): Promise<unknown[]>;
}

/** What can be said to one namespace. Each call resolves and rejects as `emit` does. */
export interface EmitterNamespace<Events extends EventsMap> extends EmitTarget<Events> {
  /** Moves that client into the room, on whichever host it is. Needs python-socketio 5.10 or later there. */
  enterRoom(sid: string, room: WireRoom): Promise<void>;
  leaveRoom(sid: string, room: WireRoom): Promise<void>;
  /** Everyone leaves the room, on every host. */
  closeRoom(room: WireRoom): Promise<void>;
  /** Ends that client's connection to the namespace. */
  disconnect(sid: string): Promise<void>;
}

/** Writes to a fleet without being a server: `RedisManager(url, write_only=True)` in TypeScript. */
export interface Emitter<Events extends EventsMap> extends EmitterNamespace<Events> {
  of(namespace: string): EmitterNamespace<Events>;
  /** @returns a function that unsubscribes */
  onStatus(listener: (status: BusStatus) => void): () => void;
  /** Sends what still waits if the broker is there, then releases every handle. */
  close(): Promise<void>;
}

const TOLD_BY_STATUS: readonly BridgeErrorCode[] = ["BRIDGE_MESSAGE_DROPPED", "BRIDGE_BROKER_UNAVAILABLE"];

/** Makes the message and publishes it; whatever fails on the way rejects. */
type Publish = (makeMessage: () => OutgoingMessage) => Promise<void>;

interface Selection {
  readonly namespace: string;
  readonly rooms: readonly WireRoom[];
  readonly except: readonly string[];
}

function target<Events extends EventsMap>(sender: Sender, selection: Selection): EmitTarget<Events> {
  const to = (room: WireRoom | readonly WireRoom[]): EmitTarget<Events> =>
    target(sender, { ...selection, rooms: [...new Set([...selection.rooms, room].flat())] });
  return {
    to,
    in: to,
    except: (sid) => target(sender, { ...selection, except: [...new Set([...selection.except, sid].flat())] }),
    emit: (event, ...args) => sender.emit(selection, event, args),
    timeout: (milliseconds) => ({
      emitWithAck: (event, ...args) => sender.emitWithAck(selection, event, args, milliseconds),
    }),
  };
}

/** In Socket.IO a function at the end asks for an acknowledgement. */
function withoutCallback(event: string, args: readonly unknown[]): readonly unknown[] {
  if (typeof args.at(-1) === "function") {
    const how = "timeout(ms).emitWithAck() of createEmitter(…, { acks: true })";
    throw new BridgeError("BRIDGE_INVALID_ARGUMENT", `no function is called back for ${quote(event)}: use ${how}`);
  }
  return args;
}

interface SenderOptions {
  readonly hostId: string;
  readonly publish: Publish;
  readonly toPythonRoom: NormalizedReader["toPythonRoom"];
  readonly acks: AckListener | undefined;
}

class Sender {
  readonly #publish: Publish;
  readonly #toPythonRoom: NormalizedReader["toPythonRoom"];
  readonly #hostId: string;
  readonly #acks: AckListener | undefined;

  constructor({ hostId, publish, toPythonRoom, acks }: SenderOptions) {
    this.#hostId = hostId;
    this.#publish = publish;
    this.#toPythonRoom = toPythonRoom;
    this.#acks = acks;
  }

  emit(selection: Selection, event: string, args: readonly unknown[]): Promise<void> {
    return this.#publish(() => this.#message(selection, event, args, null));
  }

  async emitWithAck(
    selection: Selection,
    event: string,
    args: readonly unknown[],
    timeout: number,
  ): Promise<unknown[]> {
    if (this.#acks === undefined) {
      throw new BridgeError(
        "BRIDGE_INVALID_ARGUMENT",
        "no answer is heard: make this emitter with the option acks: true",
      );
    }
    if (!isTimerDelay(timeout)) {
      throw new BridgeError(
        "BRIDGE_INVALID_ARGUMENT",
        `the timeout ${quote(timeout)} is no whole number of milliseconds`,
      );
    }
    return this.#acks.emitWithAck({
      namespace: selection.namespace,
      rooms: selection.rooms.map((room) => this.#room(room, selection.namespace)),
      timeout,
      publish: (ticket) => this.#publish(() => this.#message(selection, event, args, ticket, timeout)),
    });
  }

  #message(
    { namespace, rooms, except }: Selection,
    event: string,
    args: readonly unknown[],
    callback: AckTicket | null,
    timeout?: number,
  ): OutgoingMessage {
    return {
      method: "emit",
      event,
      args: withoutCallback(event, args),
      namespace,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.#room(room, namespace)),
      skipSids: except,
      exceptRooms: except,
      callback,
      node: buildEmitExtension(args, {}, timeout),
      hostId: this.#hostId,
    };
  }

  move(method: "enter_room" | "leave_room", namespace: string, sid: string, room: WireRoom): Promise<void> {
    const hostId = this.#hostId;
    return this.#publish(() => ({ method, sid, room: this.#room(room, namespace), namespace, hostId }));
  }

  closeRoom(namespace: string, room: WireRoom): Promise<void> {
    const hostId = this.#hostId;
    return this.#publish(() => ({ method: "close_room", room: this.#room(room, namespace), namespace, hostId }));
  }

  disconnect(namespace: string, sid: string): Promise<void> {
    const hostId = this.#hostId;
    return this.#publish(() => ({ method: "disconnect", sid, namespace, hostId }));
  }

  #room(room: WireRoom, namespace: string): WireRoom {
    return typeof room === "string" ? this.#toPythonRoom(room, namespace) : room;
  }
}

function namespaceOf<Events extends EventsMap>(sender: Sender, name: string): EmitterNamespace<Events> {
  // As `io.of()`: a namespace starts with a slash.
  const namespace = name.startsWith("/") ? name : `/${name}`;
  return {
    ...target<Events>(sender, { namespace, rooms: [], except: [] }),
    enterRoom: (sid, room) => sender.move("enter_room", namespace, sid, room),
    leaveRoom: (sid, room) => sender.move("leave_room", namespace, sid, room),
    closeRoom: (room) => sender.closeRoom(namespace, room),
    disconnect: (sid) => sender.disconnect(namespace, sid),
  };
}

/**
 * An emitter, for processes that serve no clients. It only writes, unless it is to hear acknowledgements.
 *
 * @typeParam Events - the events and their listeners' arguments; without it, anything goes
 * @param source - the broker that the fleet uses: its URL, a client of ioredis or node-redis whose options are taken over
 *   (the client itself is neither used nor closed), or a bus made by hand
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 * @example
 *     const emitter = createEmitter("redis://localhost:6379", { channel: "flask-socketio" });
 *     await emitter.of("/chat").to("room").emit("message", { text: "hello" });
 *     await emitter.close();
 */
export function createEmitter<Events extends EventsMap = EventsMap>(
  source: BusSource,
  options: EmitterOptions = {},
): Emitter<Events> {
  const normalized = normalizeReader(options);
  const { channels, toPythonRoom, logger } = normalized;
  const encode = encoderOf(normalized);
  const bus = openBus(source, channels[0], options);
  const log = new RateLimitedLog((line) => logger.warn(line));
  bus.onStatus((status) => logStatus(log, status));
  const publish: Publish = (makeMessage) => {
    const published = new Promise<void>((resolve) => {
      resolve(bus.publish(channels[0], encode(makeMessage())));
    });
    // Whoever does not wait must not crash of it, but hears of it; what the broker does is in the status already.
    published.catch((error: Error) => {
      if (!(error instanceof BridgeError) || !TOLD_BY_STATUS.includes(error.code)) {
        log.line(error.message, () => `[socketio-python-bridge] ${error.message}`);
      }
    });
    return published;
  };
  const hostId = newHostId();
  const acks = options.acks === true ? new AckListener(bus, hostId, normalized, log) : undefined;
  const sender = new Sender({ hostId, publish, toPythonRoom, acks });
  return {
    ...namespaceOf<Events>(sender, "/"),
    of: (namespace) => namespaceOf(sender, namespace),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => {
      acks?.close();
      return bus.close();
    },
  };
}
