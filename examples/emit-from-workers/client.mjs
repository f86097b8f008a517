// Shows the progress that both workers report.
import { io } from "socket.io-client";

const socket = io(process.env.SERVER_URL ?? "http://127.0.0.1:3000");
const working = new Set(["Node", "Python"]);

socket.on("progress", ({ worker, percent }) => {
  console.log(`${worker} worker: ${percent} %`);
  if (percent === 100) {
    working.delete(worker);
  }
  if (working.size === 0) {
    socket.disconnect();
  }
});

await socket.emitWithAck("watch", 7);
console.log("watching job 7");
