import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";
import type { ClientToServerEvents, ServerToClientEvents } from "./events.js";

const { PORT = "3000", SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const http = createServer();
const adapter = createAdapter(SOCKETIO_QUEUE);
const io = new Server<ClientToServerEvents, ServerToClientEvents>(http, { adapter });

io.on("connection", (socket) => {
  socket.on("watch", async (job, acknowledge) => {
    await socket.join(`job-${job}`);
    acknowledge();
  });
});

await adapter.ready();
http.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on port ${PORT}`));
