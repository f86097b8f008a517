/**
 * A Node host of the fleet in `docker-compose.yml`. It handles the same events as the Flask-SocketIO hosts:
 *
 *     join {room}, leave {room}    -> {joined}, {left}
 *     say {room, text}             -> {said}, and the room receives `message` {sid, room, text}
 *     whoami                       -> {host, server}
 *     ask {sid, question}          -> the acknowledgement of that client, on whichever host it is
 */
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { hostname } from "node:os";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const PORT = 3000;
const ACK_TIMEOUT_MS = 10_000;

const host = hostname();
const server = `Socket.IO ${createRequire(import.meta.url)("socket.io/package.json").version}`;

const adapter = createAdapter(process.env.SOCKETIO_QUEUE ?? "redis://127.0.0.1:6379", { channel: "flask-socketio" });
const http = createServer((request, response) => {
  // Without a working subscription the host still serves its own clients, but is cut off from the fleet.
  const isHealth = request.url === "/health";
  const isSubscribed = adapter.stats().lag !== null;
  response.writeHead(isHealth ? (isSubscribed ? 204 : 503) : 404).end();
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
    const [answer] = await io.timeout(ACK_TIMEOUT_MS).to(String(sid)).emitWithAck("question", question);
    return answer;
  },
};

/** Untrusted input: a handler that throws is reported to the client and must not end the process. */
async function acknowledgeWith(socket, handler, args) {
  const acknowledge = typeof args.at(-1) === "function" ? args.pop() : () => {};
  try {
    acknowledge(await handler(socket, args[0] ?? {}));
  } catch (error) {
    acknowledge({ error: error.message });
  }
}

io.on("connection", (socket) => {
  for (const [event, handler] of Object.entries(handlers)) {
    socket.on(event, (...args) => acknowledgeWith(socket, handler, args));
  }
});

await adapter.ready();
http.listen(PORT, () => console.log(`${host} listens on port ${PORT}`));

process.once("SIGTERM", () => io.close());
