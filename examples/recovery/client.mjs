// Loses its connection, and resumes its session on the other server.
import { io } from "socket.io-client";
import { createEmitter } from "socketio-python-bridge";

const { BALANCER_URL = "http://127.0.0.1:3000", SOCKETIO_QUEUE = "redis://localhost:6379" } = process.env;

const emitter = createEmitter(SOCKETIO_QUEUE);
const socket = io(BALANCER_URL, { transports: ["websocket"], reconnectionDelay: 100 });
socket.on("connect", () => console.log(socket.recovered ? "connected, session resumed" : "connected, new session"));
socket.on("disconnect", (reason) => console.log(`disconnected: ${reason}`));
socket.on("news", (text) => console.log(`news: ${text}`));

const next = (event) => new Promise((resolve) => socket.once(event, resolve));

await next("connect");
let received = next("news");
await emitter.emit("news", "one");
await received;

received = next("news");
socket.io.engine.close(); // as if the network had failed
await emitter.emit("news", "two, emitted while the client was away");
await received;

received = next("news");
await emitter.emit("news", "three");
await received;

socket.disconnect();
await emitter.close();
