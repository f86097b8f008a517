import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { connect } from "socket.io-client";
import { type BridgeAdapter, createAdapter, memoryBus } from "../../src/index.js";

/**
 * Memory before and after acknowledged emits, half of which are never answered: `node --expose-gc memory-of-acks.js
 * COUNT`. Two hosts and a client of each; every emit is for both.
 */
const count = Number(process.argv[2]);
const AT_A_TIME = 4_000;
const HEARTBEAT_MS = 100;

async function startHost(): Promise<{ readonly io: Server; readonly adapter: BridgeAdapter; readonly url: string }> {
  const adapter = createAdapter(memoryBus(), { heartbeatInterval: HEARTBEAT_MS, logger: false, pythonHosts: "never" });
  const http = createServer();
  const io = new Server(http, { adapter });
  await adapter.ready();
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return { io, adapter, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

async function startClient(url: string) {
  const socket = connect(url, { transports: ["websocket"], forceNew: true });
  socket.on("answered", (number, acknowledge) => acknowledge(number));
  socket.on("ignored", () => {});
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

const hosts = await Promise.all([startHost(), startHost()]);
const clients = await Promise.all(hosts.map(({ url }) => startClient(url)));
const [{ io, adapter }, other] = hosts;
while ((await io.of("/").adapter.serverCount()) < 2) {
  // The other one is about to say so.
}
let ended = { fulfilled: 0, rejected: 0 };

/** Half of them wait for their timeout, and those before them too, so that there is always the same number of them. */
async function run(total: number): Promise<void> {
  for (let begun = 0; begun < total; begun += AT_A_TIME) {
    const ends = await Promise.allSettled(
      Array.from({ length: Math.min(AT_A_TIME, total - begun) }, (_, index) =>
        io.timeout(index % 2 === 0 ? 20_000 : 300).emitWithAck(index % 2 === 0 ? "answered" : "ignored", index),
      ),
    );
    for (const { status } of ends) {
      ended[status] += 1;
    }
  }
}

/** What clients of the other host are remembered to owe; a sweep comes with each heartbeat. */
function owed(): number {
  const sockets = [...other.io.sockets.sockets.values()] as unknown as { readonly acks: Map<number, unknown> }[];
  return sockets.reduce((sum, { acks }) => sum + acks.size, 0);
}

async function settledHeap(): Promise<number> {
  while (owed() > 0 || adapter.stats().pendingAcks > 0) {
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS));
  }
  const { gc } = globalThis as unknown as { gc: () => void };
  for (let round = 0; round < 5; round += 1) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, HEARTBEAT_MS));
  }
  return process.memoryUsage().heapUsed;
}

// Compiled code, buffers of connections and the like come with the first ones.
await run(3 * AT_A_TIME);
const before = await settledHeap();
ended = { fulfilled: 0, rejected: 0 };
const begun = performance.now();
await run(count);
const seconds = (performance.now() - begun) / 1_000;
const after = await settledHeap();
console.log(JSON.stringify({ before, after, ratio: after / before, ...ended, seconds }));
for (const client of clients) {
  client.disconnect();
}
await Promise.all(hosts.map((host) => host.io.close()));
