import { Server } from "socket.io";
import { createAdapter, memoryBus } from "../../src/index.js";

/** Closes a server with 200 questions open: each is to end, and then this process, by itself. */
const QUESTIONS = 200;
const options = { heartbeatInterval: 100, logger: false, pythonHosts: "always" } as const;
const [one, other] = [createAdapter(memoryBus(), options), createAdapter(memoryBus(), options)];
const [io, otherIo] = [new Server(0, { adapter: one }), new Server(0, { adapter: other })];
otherIo.on("connection", () => {});
// Answers nobody.
(otherIo as unknown as { on(event: string, listener: () => void): void }).on("ask", () => {});
await Promise.all([one.ready(), other.ready()]);
while ((await io.of("/").adapter.serverCount()) < 2) {
  // The other one is about to say so.
}
const asked = Array.from({ length: QUESTIONS }, () => io.timeout(1_000).emitWithAck("ask"));
const servers = Array.from({ length: QUESTIONS }, () => io.serverSideEmitWithAck("ask"));
const fetched = Array.from({ length: QUESTIONS }, () => io.fetchSockets());
const ends = Promise.allSettled([...asked, ...servers, ...fetched]);
const pending = one.stats().pendingAcks;
await Promise.all([io.close(), otherIo.close()]);
const count = { pending, left: one.stats().pendingAcks, fulfilled: 0, timedOut: 0, closed: 0 };
for (const end of await ends) {
  const error = end.status === "rejected" ? (end.reason as Error & { code?: string }) : undefined;
  count.fulfilled += error === undefined ? 1 : 0;
  count.timedOut += error?.message === "operation has timed out" ? 1 : 0;
  count.closed += error?.code === "BRIDGE_CLOSED" ? 1 : 0;
}
console.log(JSON.stringify(count));
