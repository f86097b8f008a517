/**
 * A Node host of the fleet in `docker-compose.yml`, with the events of its Flask-SocketIO hosts:
 *
 *     join {room}, leave {room}    -> {joined}, {left}
 *     say {room, text}             -> {said}, and everybody in the room gets `message` {sid, room, text}
 *     whoami                       -> {host, server}
 *     ask {sid, question}          -> what that client answers, wherever it is connected
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const PORT = 3000;
const ANSWER_WITHIN_MS = 10_000;

const host = hostname();
const server = `Socket.IO ${createRequire(import.meta.url)("socket.io/package.json").version}`;

const adapter = createAdapter(process.env.SOCKETIO_QUEUE ?? "redis://127.0.0.1:6379", { channel: "flask-socketio" });
const http = createServer((request, response) => {
  // A host that does not hear its channel still serves its own clients, but is no part of the fleet.
  const isHealth = request.url === "/health";
  const hears = adapter.stats().lag !== null;
  response.writeHead(isHealth ? (hears ? 204 : 503) : 404).end();
});
const io = new Server(http, { adapter });

const handlers = {
  async join(socket, { room }) {
    await socket.join(String(room));
    return { joined: room };
  },
  async leave(socket, { room }) {
    await socket.leave(String(room));
    return { left: room };
  },
  say(socket, { room, text }) {
    io.to(String(room)).emit("message", { sid: socket.id, room, text });
    return { said: text };
  },
  whoami: () => ({ host, server }),
  async ask(_socket, { sid, question }) {
    const [answer] = await io.timeout(ANSWER_WITHIN_MS).to(String(sid)).emitWithAck("question", question);
    return answer;
  },
};

/** Whatever a client sends, it gets an answer, and the process goes on. */
async function answer(socket, handler, args) {
  const acknowledge = typeof args.at(-1) === "function" ? args.pop() : () => {};
  try {
    acknowledge(await handler(socket, args[0] ?? {}));
  } catch (error) {
    acknowledge({ error: error.message });
  }
}

io.on("connection", (socket) => {
  for (const [event, handler] of Object.entries(handlers)) {
    socket.on(event, (...args) => answer(socket, handler, args));
  }
});

await adapter.ready();
http.listen(PORT, () => console.log(`${host} listens on port ${PORT}`));

process.once("SIGTERM", () => io.close());
