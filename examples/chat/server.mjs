// A chat server in Node. It shares its rooms with app.py.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "socketio-python-bridge";

const { PORT = 3000, SOCKETIO_QUEUE = "redis://localhost:6379", FLASK_URL = "http://127.0.0.1:5000" } = process.env;

const page = readFileSync(new URL("index.html", import.meta.url), "utf8").replace("FLASK_URL", FLASK_URL);
const http = createServer((_request, response) => {
  response.setHeader("Content-Type", "text/html; charset=utf-8").end(page);
});

// Flask-SocketIO's default channel.
const adapter = createAdapter(SOCKETIO_QUEUE, { channel: "flask-socketio" });
const io = new Server(http, { adapter });

io.on("connection", (socket) => {
  socket.on("join", async (room, acknowledge) => {
    await socket.join(String(room));
    acknowledge?.();
  });
  socket.on("post", (room, text) => {
    io.to(String(room)).emit("message", { server: "Node", text });
  });
});

await adapter.ready();
http.listen(PORT, "127.0.0.1", () => console.log(`chat on http://127.0.0.1:${PORT}/`));
