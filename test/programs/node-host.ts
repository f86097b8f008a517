import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { createAdapter } from "../../src/index.js";

/**
 * A Node host that can be stopped and killed: `node-host.ts QUEUE CHANNEL HEARTBEAT`. It prints where it listens,
 * and answers the other servers' "who" with its process id.
 */
const [queue = "", channel = "", heartbeat = ""] = process.argv.slice(2);
const adapter = createAdapter(queue, { channel, heartbeatInterval: Number(heartbeat), logger: false });
const http = createServer();
const io = new Server(http, { adapter });
io.on("connection", (socket) => {
  socket.on("join", async (room, acknowledge) => {
    await socket.join(room);
    acknowledge?.();
  });
});
(io as unknown as { on(event: string, listener: (answer: (pid: number) => void) => void): void }).on("who", (answer) =>
  answer(process.pid),
);
await adapter.ready();
http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(http.address() as AddressInfo).port}`));
