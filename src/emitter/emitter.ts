import type { Bus, BusStatus } from "../bus/bus.js";
import { toBus } from "../bus/from-url.js";
import { logStatus } from "../bus/log-status.js";
import { BridgeError, type BridgeErrorCode } from "../errors.js";
import { RateLimitedLog } from "../log.js";
import { type EmitterOptions, type NormalizedChannel, normalizeChannel } from "../options.js";
import { ENCODERS } from "../protocol/encoders.js";
import { newHostId } from "../protocol/host-id.js";
import { quote, type WireRoom } from "../protocol/messages.js";
import type { OutgoingMessage } from "../protocol/outgoing.js";

/** Events and the arguments of their listeners, as in `Server<ClientToServerEvents, ServerToClientEvents>`. */
// biome-ignore lint/suspicious/noExplicitAny: an interface without index signature must fit, as in socket.io's own type
export type EventsMap = { [event: string]: any };

type EventName<Events extends EventsMap> = keyof Events & string;
type EventArgs<Events extends EventsMap, Event extends EventName<Events>> = Parameters<Events[Event]>;

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
   * @throws BridgeError rejects with `INVALID_ARGUMENT`, `MESSAGE_DROPPED`, `BROKER_UNAVAILABLE` or `CLOSED`
   */
  emit<Event extends EventName<Events>>(event: Event, ...args: EventArgs<Events, Event>): Promise<void>;
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
  onStatus(listener: (status: BusStatus) => void): void;
  /** Sends what still waits if the broker is there, then releases every handle. */
  close(): Promise<void>;
}

const TOLD_BY_STATUS: readonly BridgeErrorCode[] = ["MESSAGE_DROPPED", "BROKER_UNAVAILABLE"];

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
  };
}

/** In Socket.IO a function at the end asks for an acknowledgement. */
function withoutCallback(event: string, args: readonly unknown[]): readonly unknown[] {
  if (typeof args.at(-1) === "function") {
    throw new BridgeError("INVALID_ARGUMENT", `a write-only emitter gets no acknowledgement of ${quote(event)}`);
  }
  return args;
}

class Sender {
  readonly #publish: Publish;
  readonly #toPythonRoom: NormalizedChannel["toPythonRoom"];
  readonly #hostId = newHostId();

  constructor(publish: Publish, toPythonRoom: NormalizedChannel["toPythonRoom"]) {
    this.#publish = publish;
    this.#toPythonRoom = toPythonRoom;
  }

  emit({ namespace, rooms, except }: Selection, event: string, args: readonly unknown[]): Promise<void> {
    return this.#publish(() => ({
      method: "emit",
      event,
      args: withoutCallback(event, args),
      namespace,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.#room(room, namespace)),
      skipSids: except,
      exceptRooms: except,
      callback: null,
      hostId: this.#hostId,
    }));
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
 * A write-only emitter, for processes that serve no clients.
 *
 * @typeParam Events - the events and their listeners' arguments; without it, anything goes
 * @param urlOrBus - the broker that the fleet uses, as a URL or as a bus made by hand
 * @throws BridgeError `INVALID_URL`, `INVALID_OPTION`
 * @example
 *     const emitter = createEmitter("redis://localhost:6379", { channel: "flask-socketio" });
 *     await emitter.of("/chat").to("room").emit("message", { text: "hello" });
 *     await emitter.close();
 */
export function createEmitter<Events extends EventsMap = EventsMap>(
  urlOrBus: string | Bus,
  options: EmitterOptions = {},
): Emitter<Events> {
  const { channels, toPythonRoom, encoding, logger } = normalizeChannel(options);
  const encode = ENCODERS[encoding];
  const bus = toBus(urlOrBus, channels[0], options);
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
  const sender = new Sender(publish, toPythonRoom);
  return {
    ...namespaceOf<Events>(sender, "/"),
    of: (namespace) => namespaceOf(sender, namespace),
    onStatus: (listener) => bus.onStatus(listener),
    close: () => bus.close(),
  };
}
