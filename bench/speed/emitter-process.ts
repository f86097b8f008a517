/**
 * The Node emitters, in a process of their own. Each line {"system", "room", "bytes"} on stdin has the emitter of that
 * system emit a payload of that size to the room. Ends with its stdin.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Emitter } from "@socket.io/redis-emitter";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { createEmitter } from "../../src/index.js";
import { ADAPTERS } from "./adapters.js";
import { EVENT, type Payload, payloadOf } from "./payload.js";

export type NodeEmitter = "bridge" | "redis-adapter" | "sharded" | "streams";

export interface EmitOperation {
  readonly system: NodeEmitter;
  readonly room: string;
  readonly bytes: number;
}

type Emit = (room: string, payload: Payload) => unknown;

const [url = "", channel = ""] = process.argv.slice(2);

/** These two have no emitter, so another server of the same kind emits. */
function fromServer(system: "sharded" | "streams"): Emit {
  const { adapter } = ADAPTERS[system](url, channel);
  const io = new Server({ ...(adapter && { adapter }) });
  return (room, payload) => io.to(room).emit(EVENT, payload);
}

const MAKE: Readonly<Record<NodeEmitter, () => Emit>> = {
  bridge: () => {
    const emitter = createEmitter(url, { channel, logger: false });
    return (room, payload) => emitter.to(room).emit(EVENT, payload);
  },
  "redis-adapter": () => {
    const emitter = new Emitter(new Redis(url));
    return (room, payload) => emitter.to(room).emit(EVENT, payload);
  },
  sharded: () => fromServer("sharded"),
  streams: () => fromServer("streams"),
};

const emitters = new Map<NodeEmitter, Emit>();

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { system, room, bytes } = JSON.parse(line) as EmitOperation;
  const emit = emitters.get(system) ?? MAKE[system]();
  emitters.set(system, emit);
  emit(room, payloadOf(bytes));
});
await once(lines, "close");
process.exit();
