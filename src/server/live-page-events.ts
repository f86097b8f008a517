import type { Server, Socket } from "socket.io";
import type { BridgeHandle, ObservedEmit } from "../adapter/reporting/handle.js";
import { BridgeError } from "../errors.js";
import { RESERVED_EVENTS } from "../protocol/model/messages.js";

/** The room of every new page, so that events of the Python snippet show at once. */
const FIRST_ROOM = "lobby";
const MAX_NAME = 200;
const MAX_ARGUMENTS = 50;
/** Python's json module fails near 1,000 levels; nobody types a tenth of that. */
const MAX_DEPTH = 100;
/** Prefix of the page's own events, as opposed to those that it shows. */
const OWN_PREFIX = "bridge:";

/** The acknowledgement of each of the page's events. */
type Acknowledgement = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** An error for the person at the page. */
function pageError(message: string): BridgeError {
  return new BridgeError("BRIDGE_INVALID_ARGUMENT", message);
}

/**
 * Handles the events of the live page that `serve --demo` shows at `/`, and notifies pages of deliveries.
 *
 * There is no authorization: whoever opens the page can join any room and send any event to the whole fleet. So it is for
 * development on loopback, and nothing else.
 */
export function handleLivePageEvents(
  io: Server,
  bridge: Pick<BridgeHandle, "onEmit">,
  info: { readonly snippet: string },
): void {
  const pages = new Map<string, Socket>();
  io.on("connection", (socket) => {
    pages.set(socket.id, socket);
    socket.on("disconnect", () => pages.delete(socket.id));
    handle(socket, "bridge:join", (room) => socket.join(roomOfPage(socket, room)));
    handle(socket, "bridge:leave", (room) => socket.leave(roomOfPage(socket, room)));
    handle(socket, "bridge:send", (request) => send(io, request));
    void socket.join(FIRST_ROOM);
    socket.emit("bridge:hello", { snippet: info.snippet, rooms: roomsOf(socket) });
  });
  reportRooms(io, pages);
  bridge.onEmit((emit) => notifyRecipients(io, emit));
}

/**
 * Notifies the recipients of an event which rooms it was for, which a Socket.IO client does not learn otherwise.
 *
 * The notice is sent just before the event and only on this node, so the two are adjacent on each connection.
 */
function notifyRecipients(io: Server, emit: ObservedEmit): void {
  const namespace = io.of("/");
  if (emit.namespace !== "/" || emit.event.startsWith(OWN_PREFIX) || namespace.sockets.size === 0) {
    return;
  }
  const { event, rooms, skipSids, hostId, origin } = emit;
  // Python skips only clients, never rooms of the same name. Socket.IO does not distinguish the two.
  const except = origin === "channel" ? skipSids.filter((sid) => namespace.sockets.has(sid)) : skipSids;
  namespace.local
    .to([...(rooms ?? [])])
    .except([...except])
    .emit("bridge:delivery", { event, rooms, hostId, origin });
}

/** Keeps the lists of rooms on the pages up to date when another host moves them, for example Python's `enter_room`. */
function reportRooms(io: Server, pages: ReadonlyMap<string, Socket>): void {
  const changed = new Set<Socket>();
  const report = (): void => {
    for (const socket of changed) {
      if (socket.connected) {
        socket.emit("bridge:rooms", { rooms: roomsOf(socket) });
      }
    }
    changed.clear();
  };
  const onChange = (_room: string, sid: string): void => {
    const socket = pages.get(sid);
    if (socket === undefined) {
      return;
    }
    if (changed.size === 0) {
      queueMicrotask(report);
    }
    changed.add(socket);
  };
  io.of("/").adapter.on("join-room", onChange).on("leave-room", onChange);
}

/** Handles one of the page's events. Never throws: an exception in an event handler would end the process. */
function handle(socket: Socket, name: string, action: (argument: unknown) => void | Promise<void>): void {
  const run = async (args: readonly unknown[]): Promise<void> => {
    const last = args.at(-1);
    const acknowledge = typeof last === "function" ? last : undefined;
    let acknowledgement: Acknowledgement = { ok: true };
    try {
      await action(args[0] === acknowledge ? undefined : args[0]);
    } catch (error) {
      acknowledgement = { ok: false, error: error instanceof Error ? error.message : "The request failed." };
    }
    acknowledge?.(acknowledgement);
  };
  socket.on(name, (...args: unknown[]) => void run(args));
}

function send(io: Server, request: unknown): void {
  if (typeof request !== "object" || request === null) {
    throw pageError("bridge:send takes { event, args, room }.");
  }
  const { event, args, room } = request as Record<string, unknown>;
  const name = nameOf("event name", event);
  if (RESERVED_EVENTS.has(name)) {
    throw pageError(`"${name}" is reserved by Socket.IO; choose another name.`);
  }
  if (name.startsWith(OWN_PREFIX)) {
    throw pageError(`Names that start with "${OWN_PREFIX}" are reserved for this page; choose another name.`);
  }
  if (!Array.isArray(args) || args.length > MAX_ARGUMENTS) {
    throw pageError(`The arguments must be a list of at most ${MAX_ARGUMENTS}.`);
  }
  if (isDeeperThan(MAX_DEPTH, args)) {
    throw pageError(`The arguments are nested more than ${MAX_DEPTH} levels deep.`);
  }
  const target = room === null ? io : io.to(nameOf("room", room));
  target.emit(name, ...args);
}

function roomOfPage(socket: Socket, value: unknown): string {
  const room = nameOf("room", value);
  if (room === socket.id) {
    throw pageError("That room is this connection itself; it cannot be joined or left.");
  }
  return room;
}

function nameOf(what: string, value: unknown): string {
  if (typeof value !== "string" || value === "") {
    throw pageError(`The ${what} must be a non-empty string.`);
  }
  if (value.length > MAX_NAME) {
    throw pageError(`The ${what} has ${value.length} characters; ${MAX_NAME} are allowed.`);
  }
  return value;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return false;
  }
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** Without the room of its own id, which every socket is in. */
function roomsOf(socket: Socket): string[] {
  return [...socket.rooms].filter((room) => room !== socket.id);
}
