/** What a user of the package writes, compiled by check-package.mjs in every usual configuration, and then run. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { type AdapterOptions, type BridgeAdapter, type BusStatus, createAdapter } from "socketio-python-bridge";
import { createEmitter, type Emitter, memoryBus } from "socketio-python-bridge/emitter";
import { type RedisBusOptions, redisBus } from "socketio-python-bridge/redis";

interface ServerToClientEvents {
  progress: (percent: number) => void;
  confirm: (text: string, acknowledge: (accepted: boolean) => void) => void;
}

const options: AdapterOptions = { channel: "consumer", logger: false };
const adapter: BridgeAdapter = createAdapter("memory://consumer", options);
const statuses: BusStatus["type"][] = [];
const unsubscribe: () => void = adapter.onStatus((status) => statuses.push(status.type));
const io = new Server<Record<string, never>, ServerToClientEvents>(createServer(), { adapter });

const emitter: Emitter<ServerToClientEvents> = createEmitter<ServerToClientEvents>(memoryBus("consumer"), {
  channel: "consumer",
  acks: true,
  pythonHosts: "never",
  logger: false,
});

export const makeRedisBus = (redis: RedisBusOptions) => redisBus(redis);

/** Never called: only its types matter. */
export async function misuse(): Promise<void> {
  // @ts-expect-error an argument of the wrong type
  await emitter.emit("progress", "42");
  // @ts-expect-error its listener has no acknowledgement
  await emitter.timeout(1).emitWithAck("progress", 42);
  // @ts-expect-error no such option
  createAdapter("memory://consumer", { chanel: "consumer" });
}

async function main(): Promise<void> {
  await adapter.ready();
  const emitted = new Promise<unknown>((resolve) => adapter.onEmit(({ args }) => resolve(args[0])));
  await emitter.to("room").volatile.emit("progress", 42);
  if ((await emitted) !== 42 || !statuses.includes("ready")) {
    throw new Error("an emit did not arrive");
  }
  const responses: boolean[] = await emitter.to("room").timeout(5_000).emitWithAck("confirm", "nobody is there");
  if (responses.length !== 0) {
    throw new Error("nobody was there");
  }
  unsubscribe();
  await Promise.all([emitter.close(), io.close()]);
}

void main();
