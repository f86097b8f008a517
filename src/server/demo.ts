/**
 * The server side of the live page that `serve --demo` shows at `/`.
 *
 * Everyone may be anyone here: whoever opens the page joins any room and sends any event to the whole fleet. That is
 * what a demo is for, and why it belongs on loopback, in development, and nowhere else.
 */
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server, Socket } from "socket.io";
import type { BridgeHandle, ObservedEmit } from "../adapter/reporting/handle.js";
import { BridgeError } from "../errors.js";
import { RESERVED_EVENTS } from "../protocol/model/messages.js";

/** Where every page starts, so that a snippet that emits to it shows at once. */
const FIRST_ROOM = "lobby";
const MAX_NAME = 200;
const MAX_ARGUMENTS = 50;
/** Python's json module gives up near 1,000 levels; nobody types a tenth of that. */
const MAX_DEPTH = 100;
/** The page's own events travel under this prefix, beside those it shows. */
const OWN_PREFIX = "bridge:";

/** What each acknowledgement of the page's events carries. */
type Answer = { readonly ok: true } | { readonly ok: false; readonly error: string };

/** Its message is for the person at the page; it never leaves this file. */
function refusal(message: string): BridgeError {
  return new BridgeError("BRIDGE_INVALID_ARGUMENT", message);
}

/** Handlers for the live page's events and the delivery notices. */
export function installDemo(
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
  bridge.onEmit((emit) => announce(io, emit));
}

/**
 * Says which rooms the next event was for, to exactly those who get it: a Socket.IO client is never told.
 *
 * It is sent just before the event and only on this node, so on each connection the two arrive one after the other.
 */
function announce(io: Server, emit: ObservedEmit): void {
  const namespace = io.of("/");
  if (emit.namespace !== "/" || emit.event.startsWith(OWN_PREFIX) || namespace.sockets.size === 0) {
    return;
  }
  const { event, rooms, skipSids, hostId, origin } = emit;
  // What Python skips are clients and never rooms, whatever rooms are named like that; Socket.IO here knows only rooms.
  const except = origin === "channel" ? skipSids.filter((sid) => namespace.sockets.has(sid)) : skipSids;
  namespace.local
    .to([...(rooms ?? [])])
    .except([...except])
    .emit("bridge:delivery", { event, rooms, hostId, origin });
}

/** Keeps the pages' lists true when somebody else moves them: Python can `enter_room` and `close_room` too. */
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

/** Answers one of the page's events. A handler that threw would end the process, so nothing gets out of here. */
function handle(socket: Socket, name: string, action: (argument: unknown) => void | Promise<void>): void {
  const run = async (args: readonly unknown[]): Promise<void> => {
    const last = args.at(-1);
    const acknowledge = typeof last === "function" ? last : undefined;
    let answer: Answer = { ok: true };
    try {
      await action(args[0] === acknowledge ? undefined : args[0]);
    } catch (error) {
      answer = { ok: false, error: error instanceof Error ? error.message : "It could not be done." };
    }
    acknowledge?.(answer);
  };
  socket.on(name, (...args: unknown[]) => void run(args));
}

function send(io: Server, request: unknown): void {
  if (typeof request !== "object" || request === null) {
    throw refusal("bridge:send takes { event, args, room }.");
  }
  const { event, args, room } = request as Record<string, unknown>;
  const name = nameOf("event name", event);
  if (RESERVED_EVENTS.has(name)) {
    throw refusal(`"${name}" is a name that Socket.IO keeps for itself; take another one.`);
  }
  if (name.startsWith(OWN_PREFIX)) {
    throw refusal(`Names that start with "${OWN_PREFIX}" belong to this page; take another one.`);
  }
  if (!Array.isArray(args) || args.length > MAX_ARGUMENTS) {
    throw refusal(`The arguments must be a list of at most ${MAX_ARGUMENTS}.`);
  }
  if (isDeeperThan(MAX_DEPTH, args)) {
    throw refusal(`The arguments are nested more than ${MAX_DEPTH} levels deep.`);
  }
  const target = room === null ? io : io.to(nameOf("room", room));
  target.emit(name, ...args);
}

function roomOfPage(socket: Socket, value: unknown): string {
  const room = nameOf("room", value);
  if (room === socket.id) {
    throw refusal("That room is this connection itself; it cannot be joined or left.");
  }
  return room;
}

function nameOf(what: string, value: unknown): string {
  if (typeof value !== "string" || value === "") {
    throw refusal(`The ${what} must be a text that is not empty.`);
  }
  if (value.length > MAX_NAME) {
    throw refusal(`The ${what} has ${value.length} characters; ${MAX_NAME} are allowed.`);
  }
  return value;
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) {
    return false;
  }
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** Every socket is also in a room of its own name: no news to the page. */
function roomsOf(socket: Socket): string[] {
  return [...socket.rooms].filter((room) => room !== socket.id);
}

/** Everything there is to serve. A path that is not a key does not exist: no path ever reaches the file system. */
const FILES: ReadonlyMap<string, { readonly type: string; readonly body: Buffer }> = new Map(
  [
    ["/", "index.html", "text/html"],
    ["/base.css", "base.css", "text/css"],
    ["/style.css", "style.css", "text/css"],
    ["/feed.css", "feed.css", "text/css"],
    ["/page.js", "page.js", "text/javascript"],
    ["/feed.js", "feed.js", "text/javascript"],
    ["/form.js", "form.js", "text/javascript"],
    ["/format.js", "format.js", "text/javascript"],
    ["/icon.svg", "icon.svg", "image/svg+xml"],
  ].map(([path = "", file = "", type]) => [
    path,
    { type: `${type}; charset=utf-8`, body: readFileSync(new URL(`./live-page/${file}`, import.meta.url)) },
  ]),
);

const HEADERS = {
  "Content-Security-Policy": [
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    // The page writes text, never markup; the browser holds it to that.
    "require-trusted-types-for 'script'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-cache",
};

/** Serves the page's files at `/`; returns false when the path is not one of them, so that the caller can answer 404. GET and HEAD only, else 405. */
export function serveLivePage(request: IncomingMessage, response: ServerResponse): boolean {
  const [path = ""] = (request.url ?? "").split("?", 1);
  const file = FILES.get(path);
  if (file === undefined) {
    return false;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { ...HEADERS, Allow: "GET, HEAD", "Content-Length": 0 }).end();
    return true;
  }
  response.writeHead(200, { ...HEADERS, "Content-Type": file.type, "Content-Length": file.body.length });
  // Node leaves the body out of the answer to a HEAD by itself.
  response.end(file.body);
  return true;
}
