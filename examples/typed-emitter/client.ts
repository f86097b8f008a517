import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from "./events.js";

const { SERVER_URL = "http://127.0.0.1:3000" } = process.env;

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io(SERVER_URL);

socket.on("progress", ({ job, percent }) => console.log(`job ${job}: ${percent} %`));
socket.on("done", (job, files) => {
  console.log(`job ${job}: ${files.join(", ")}`);
  socket.disconnect();
});

await socket.emitWithAck("watch", 7);
console.log("watching job 7");
