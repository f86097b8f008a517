// One of two servers. A client that lost its connection may resume its session on either.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const { PORT = 3001, SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const http = createServer();
const adapter = createAdapter(SOCKETIO_QUEUE);
const io = new Server(http, { adapter, connectionStateRecovery: {} });

io.on("connection", (socket) => {
  console.log(socket.recovered ? "a client resumed its session" : "a new client");
});

await adapter.ready();
http.listen(PORT, "127.0.0.1", () => console.log(`listening on port ${PORT}`));
