// A Node host. It asks clients a question, also those of the Python host.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const { PORT = 3000, SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;
const TIMEOUT_MS = 500;

const http = createServer();
const adapter = createAdapter(SOCKETIO_QUEUE);
const io = new Server(http, { adapter });

io.on("connection", (socket) => {
  socket.on("join", async (room, acknowledge) => {
    await socket.join(String(room));
    acknowledge?.();
  });
  // A room, or a sid. Clients of a Python host cannot be counted, so for a room this takes until the timeout.
  socket.on("ask", async (room, question, acknowledge) => {
    try {
      acknowledge(await io.timeout(TIMEOUT_MS).to(String(room)).emitWithAck("question", question));
    } catch (error) {
      acknowledge(error.responses ?? []); // a client did not acknowledge in time
    }
  });
});

await adapter.ready();
http.listen(PORT, "127.0.0.1", () => console.log(`listening on port ${PORT}`));
