// Clients watch the progress of a job. Workers emit to the job's room without a connection to this server.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const { PORT = 3000, SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const http = createServer();
const adapter = createAdapter(SOCKETIO_QUEUE, { channel: "flask-socketio" });
const io = new Server(http, { adapter });

io.on("connection", (socket) => {
  socket.on("watch", async (job, acknowledge) => {
    await socket.join(`job-${job}`);
    acknowledge?.();
  });
});

await adapter.ready();
http.listen(PORT, "127.0.0.1", () => console.log(`listening on port ${PORT}`));
