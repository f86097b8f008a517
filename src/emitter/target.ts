import { BridgeError } from "../errors.js";
import { askClientApart } from "../protocol/model/ask-client-apart.js";
import {
  disconnectCommand,
  joinCommand,
  leaveCommand,
  type RoomCommandTarget,
} from "../protocol/model/build-room-command.js";
import { type CallbackRef, roomName, type WireRoom } from "../protocol/model/messages.js";
import { buildEmitExtension, type EmitFlags } from "../protocol/model/node-extension.js";
import { checkName, checkRoom, type OutgoingEmit } from "../protocol/model/outgoing.js";
import type { LooksLikeSid } from "../protocol/model/sid.js";
import { debugLog } from "../util/debug.js";
import { quote } from "../util/quote.js";
import { isTimerDelay } from "../util/validation.js";
import type { AckedEmit } from "./ack-listener.js";
import type { AckEmitTarget, EmitTarget } from "./emitter.js";
import type { AckResponse, EmitArgs, EventNamesWithAck, EventNamesWithoutAck, EventsMap } from "./event-types.js";
import type { Publisher } from "./publisher.js";

const debug = debugLog("emitter");

/** What all targets of an emitter share. */
export interface Sender {
  readonly hostId: string;
  readonly publisher: Publisher;
  readonly looksLikeSid: LooksLikeSid;
  /** Where the room is an integer to Python: see the option `toPythonRoom`. */
  toPythonRoom(room: string, namespace: string): WireRoom;
  /** Undefined without the option `acks`. */
  readonly acks: { emitWithAck(emit: AckedEmit): Promise<unknown[]> } | undefined;
}

/** Whom a message is for, and how it is sent. */
export interface Selection {
  readonly namespace: string;
  readonly rooms: readonly WireRoom[];
  readonly except: readonly string[];
  readonly flags: EmitFlags;
  /** Milliseconds; as the caller gave it. */
  readonly timeout?: number;
}

const invalid = (message: string): BridgeError => new BridgeError("BRIDGE_INVALID_ARGUMENT", message);

/** Without duplicates; `more` is one item or a list of them. */
function union<Item extends WireRoom>(items: readonly Item[], more: Item | readonly Item[]): readonly Item[] {
  if (Array.isArray(more)) {
    return [...new Set([...items, ...more])];
  }
  return items.length === 0 ? [more as Item] : [...new Set([...items, more as Item])];
}

/** In Socket.IO a function as the last argument asks for an acknowledgement. */
function checkNoCallback(event: string, args: readonly unknown[]): void {
  if (typeof args.at(-1) === "function") {
    const instead = "use timeout(ms).emitWithAck() of createEmitter(…, { acks: true })";
    throw invalid(`${quote(event)} has a function as its last argument, which nothing calls: ${instead}`);
  }
}

/**
 * What `BroadcastOperator` is in socket.io. One class behind `EmitTarget` and `AckEmitTarget`, which show the part of it
 * that makes sense.
 */
export class Target<Events extends EventsMap> implements EmitTarget<Events>, AckEmitTarget<Events> {
  protected readonly sender: Sender;
  protected readonly selection: Selection;

  constructor(sender: Sender, selection: Selection) {
    this.sender = sender;
    this.selection = selection;
  }

  to(room: WireRoom | readonly WireRoom[]): Target<Events> {
    return this.#with({ rooms: union(this.selection.rooms, room) });
  }

  in(room: WireRoom | readonly WireRoom[]): Target<Events> {
    return this.to(room);
  }

  except(room: string | readonly string[]): Target<Events> {
    return this.#with({ except: union(this.selection.except, room) });
  }

  get volatile(): Target<Events> {
    return this.#with({ flags: { ...this.selection.flags, volatile: true } });
  }

  compress(compress: boolean): Target<Events> {
    return this.#with({ flags: { ...this.selection.flags, compress } });
  }

  timeout(milliseconds: number): Target<Events> {
    return this.#with({ timeout: milliseconds });
  }

  emit<Event extends EventNamesWithoutAck<Events>>(event: Event, ...args: EmitArgs<Events, Event>): Promise<void> {
    this.debug("emit", event);
    return this.sender.publisher.publish(() => this.#buildEmit(event, args, null));
  }

  async emitWithAck<Event extends EventNamesWithAck<Events>>(
    event: Event,
    ...args: EmitArgs<Events, Event>
  ): Promise<AckResponse<Events, Event>[]> {
    const { acks, publisher } = this.sender;
    const { namespace, rooms, timeout } = this.selection;
    if (acks === undefined) {
      throw invalid("this emitter does not receive acknowledgements: make it with the option acks: true");
    }
    if (!isTimerDelay(timeout)) {
      throw invalid(
        `the timeout ${quote(timeout)} is not a whole number of milliseconds: use timeout(ms).emitWithAck()`,
      );
    }
    this.debug("emit with acknowledgement", event);
    const responses = await acks.emitWithAck({
      namespace,
      rooms: rooms.map((room) => this.pythonRoom(room)),
      timeout,
      publish: (ticket) =>
        publisher.publishAll(() => askClientApart(this.#buildEmit(event, args, ticket.callback), ticket)),
    });
    return responses as AckResponse<Events, Event>[];
  }

  socketsJoin(rooms: WireRoom | readonly WireRoom[]): Promise<void> {
    this.debug("join", rooms);
    return this.sender.publisher.publishAll(
      () => joinCommand(this.#commandTarget(), union([], rooms).map(checkRoom)).messages,
    );
  }

  socketsLeave(rooms: WireRoom | readonly WireRoom[]): Promise<void> {
    this.debug("leave", rooms);
    return this.sender.publisher.publishAll(
      () => leaveCommand(this.#commandTarget(), union([], rooms).map(checkRoom)).messages,
    );
  }

  disconnectSockets(close = false): Promise<void> {
    this.debug("disconnect", { close });
    return this.sender.publisher.publishAll(() => disconnectCommand(this.#commandTarget(), close).messages);
  }

  /** The room as Python hosts know it. */
  protected pythonRoom(room: WireRoom): WireRoom {
    return typeof room === "string" ? this.sender.toPythonRoom(room, this.selection.namespace) : room;
  }

  #with(change: Partial<Selection>): Target<Events> {
    return new Target(this.sender, { ...this.selection, ...change });
  }

  #buildEmit(event: string, args: readonly unknown[], callback: CallbackRef | null): OutgoingEmit {
    const { namespace, rooms, except, flags, timeout } = this.selection;
    checkNoCallback(event, args);
    const { compress } = flags;
    if (compress !== undefined && typeof compress !== "boolean") {
      throw invalid(`compress(${quote(compress)}) takes true or false`);
    }
    return {
      method: "emit",
      event,
      args,
      namespace,
      rooms: rooms.length === 0 ? null : rooms.map((room) => this.pythonRoom(room)),
      // Python reads `skip_sid`, which names sids alone; Node hosts read both.
      skipSids: except,
      exceptRooms: except,
      callback,
      node: buildEmitExtension(args, flags, callback === null ? undefined : timeout),
      hostId: this.sender.hostId,
    };
  }

  #commandTarget(): RoomCommandTarget {
    const { namespace, rooms, except } = this.selection;
    return {
      namespace,
      hostId: this.sender.hostId,
      rooms: rooms.map((room) => roomName(checkRoom(room))),
      except: except.map(checkName),
      looksLikeSid: this.sender.looksLikeSid,
      isRoom: () => false,
      isLocalClient: () => false,
      toPythonRoom: (room) => this.pythonRoom(room),
    };
  }

  /** Says what is about to be sent, but not its arguments. */
  protected debug(operation: string, operand: unknown): void {
    if (debug.enabled) {
      const { namespace, rooms, except } = this.selection;
      debug("%s %o: namespace %s, rooms %o, except %o", operation, operand, namespace, rooms, except);
    }
  }
}
