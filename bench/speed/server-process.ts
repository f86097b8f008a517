/**
 * The measured process of a system that runs in Node, driven over stdin and stdout with one JSON object a line.
 *
 *     {"op": "memory"}                  {"event": "memory", "rss", "heap"}, in bytes, after a garbage collection
 *     {"op": "profile"}                 {"event": "profiling"}
 *     {"op": "save-profile", "file"}    {"event": "saved"}
 *
 * Writes {"event": "ready", "port"} when it accepts clients, and ends with its stdin. A client's event `join` puts it into
 * rooms; its event `emit` has the server emit numbered messages to a room.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { Session } from "node:inspector/promises";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { ADAPTERS, type NodeSystem } from "./adapters.js";
import { FLOOR_REPORT_INTERVAL } from "./floor.js";
import { NUMBER_WIDTH, payloadOf, TIME_WIDTH } from "./payload.js";

export interface ServerOptions {
  readonly system: NodeSystem | "floor";
  readonly url: string;
  readonly channel: string;
}

type Operation =
  | { readonly op: "memory" }
  | { readonly op: "profile" }
  | { readonly op: "save-profile"; readonly file: string };

const { system, url, channel } = JSON.parse(process.argv[2] ?? "{}") as ServerOptions;
const session = new Session();

function write(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Often enough that a second shows functions that take a thousandth of it. */
const SAMPLING_INTERVAL_US = 100;

const SETTLED_SHARE = 0.001;
const MAX_ROUNDS = 20;

/** Waits until the heap is stable: what a connection needs only at its start is freed with its timers. */
async function settledMemory(): Promise<{ readonly rss: number; readonly heap: number }> {
  let before = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    globalThis.gc?.();
    const heap = process.memoryUsage().heapUsed;
    if (Math.abs(before - heap) / heap < SETTLED_SHARE) {
      break;
    }
    before = heap;
    await pause(100);
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heap: heapUsed };
}

async function run(operation: Operation): Promise<void> {
  switch (operation.op) {
    case "memory":
      write({ event: "memory", ...(await settledMemory()) });
      return;
    case "profile":
      session.connect();
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
      await session.post("Profiler.start");
      write({ event: "profiling" });
      return;
    case "save-profile": {
      const { profile } = await session.post("Profiler.stop");
      writeFileSync(operation.file, JSON.stringify(profile));
      write({ event: "saved" });
      return;
    }
    default:
      operation satisfies never;
  }
}

/** A subscriber that only counts: the minimum that any server does. */
async function startFloor(): Promise<number> {
  const subscriber = new Redis(url);
  let count = 0;
  let reported = 0;
  let watcher: Socket | undefined;
  const report = (): void => {
    if (count !== reported) {
      reported = count;
      watcher?.write(`${count}\n`);
    }
  };
  subscriber.on("messageBuffer", () => {
    count += 1;
    if (count % FLOOR_REPORT_INTERVAL === 0) {
      report();
    }
  });
  await subscriber.subscribe(channel);
  setInterval(report, 20);
  const listener = createTcpServer({ noDelay: true }, (socket) => {
    watcher = socket;
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  return (listener.address() as AddressInfo).port;
}

async function startServer(name: NodeSystem): Promise<number> {
  const { adapter, ready } = ADAPTERS[name](url, channel);
  const http = createServer();
  const io = new Server(http, { maxHttpBufferSize: 1e7, ...(adapter && { adapter }) });
  io.on("connection", (socket) => {
    socket.on("join", async (rooms: string[]) => {
      await socket.join(rooms);
      socket.emit("joined");
    });
    socket.on("emit", (room: string, first: number, count: number, bytes: number) => {
      const payload = payloadOfSize(bytes);
      for (let number = first; number < first + count; number += 1) {
        const n = String(number).padStart(NUMBER_WIDTH, "0");
        io.to(room).emit("message", { ...payload, n, t: NO_TIME });
      }
    });
  });
  await ready();
  await once(http.listen(0, "127.0.0.1"), "listening");
  return (http.address() as AddressInfo).port;
}

const NO_TIME = "0".repeat(TIME_WIDTH);
const payloads = new Map<number, ReturnType<typeof payloadOf>>();

function payloadOfSize(bytes: number): ReturnType<typeof payloadOf> {
  const payload = payloads.get(bytes) ?? payloadOf(bytes);
  payloads.set(bytes, payload);
  return payload;
}

write({ event: "ready", port: await (system === "floor" ? startFloor() : startServer(system)) });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void run(JSON.parse(line) as Operation));
await once(lines, "close");
process.exit();
