/** A process that is attacked: a Node host, or an emitter with acknowledgements. `target.ts` drives it. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Server } from "socket.io";
import { createAdapter, createEmitter } from "../../src/index.js";
import type { AdapterOptions } from "../../src/options.js";

/** The only argument of the process, as JSON. */
export interface TargetOptions {
  readonly kind: "host" | "emitter";
  readonly url: string;
  readonly channel: string;
  /** Of a host: how it reads. */
  readonly adapter: AdapterOptions;
}

/** What a process is asked, one JSON object a line. */
export type Question =
  /** Measures from here on: `{"event": "reset"}`. */
  | { readonly op: "reset" }
  /** `{"event": "sample", …}`, see `Sample`. */
  | { readonly op: "sample" }
  /** Of a host: who is there. Of an emitter: who acknowledges. `{"event": "answered", "count"}` or `"error"`. */
  | { readonly op: "ask" };

/** Since the last reset. Milliseconds, bytes. */
export interface Sample {
  /** The longest time for which the event loop did nothing else. */
  readonly stall: number;
  /** Resident memory above that of the reset, at its peak. */
  readonly peak: number;
  /** Memory of JavaScript above that of the reset, after a garbage collection. */
  readonly held: number;
}

/** How often the delay of the event loop is looked at, in milliseconds. It is part of each delay. */
const RESOLUTION_MS = 10;
/** Invented hosts do not answer, and are believed for a while: whoever is alive says so by then. */
const ASK_TIMEOUT_MS = 2_000;
/** A client may send what is as large as a message. */
const MAX_CLIENT_BYTES = 48 * 2 ** 20;
const KEPT_BYTES = 4 * 2 ** 20;

const options = JSON.parse(process.argv[2] ?? "{}") as TargetOptions;
const { kind, url, channel, adapter: adapterOptions } = options;

const write = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

interface Running {
  readonly port: number;
  ask(): Promise<number>;
  end(): Promise<void>;
}

/** An application that passes on what clients send, and checks nothing. */
async function startHost(): Promise<Running> {
  // What is kept for clients that reconnect is no harm.
  const adapter = createAdapter(url, { channel, recovery: { maxBytes: KEPT_BYTES }, ...adapterOptions });
  const http = createServer();
  const io = new Server(http, {
    adapter,
    maxHttpBufferSize: MAX_CLIENT_BYTES,
    pingTimeout: 120_000,
    connectionStateRecovery: {},
  });
  io.on("connection", (socket) => {
    socket.on("relay", (...args) => io.emit("relayed", ...args));
    socket.on("relay to", (room, ...args) => io.to(room).emit("relayed", ...args));
    socket.on("relay except", (room, ...args) => io.except(room).emit("relayed", ...args));
    socket.on("join", (room) => void socket.join(room));
    socket.on("leave", (room) => void socket.leave(room));
    socket.on("remember", (value) => {
      socket.data.remembered = value;
    });
    socket.on("call", (name, ...args) => io.serverSideEmit(name, ...args));
  });
  io.on("called", () => {});
  await adapter.ready();
  await once(http.listen(0, "127.0.0.1"), "listening");
  return {
    port: (http.address() as AddressInfo).port,
    ask: async () => (await io.timeout(ASK_TIMEOUT_MS).fetchSockets()).length,
    end: async () => {
      await io.close();
      http.closeAllConnections();
    },
  };
}

async function startEmitter(): Promise<Running> {
  const emitter = createEmitter(url, { channel, acks: true, ...adapterOptions });
  await emitter.emit("started");
  return {
    port: 0,
    ask: async () => (await emitter.timeout(ASK_TIMEOUT_MS).emitWithAck("asked")).length,
    end: () => emitter.close(),
  };
}

/** Linux keeps the highest value until it is told to forget it. */
function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

function residentPeak(): number {
  const [, kibibytes = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}

async function heldNow(): Promise<number> {
  // Memory outside of the heap is given back after the collection that finds it unused.
  for (let count = 0; count < 3; count += 1) {
    gc?.();
    await pause(RESOLUTION_MS);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const running = kind === "host" ? await startHost() : await startEmitter();
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
let base = { resident: 0, held: 0 };

async function reset(): Promise<void> {
  base = { held: await heldNow(), resident: process.memoryUsage().rss };
  forgetPeak();
  delays.reset();
}

async function answer(question: Question): Promise<void> {
  switch (question.op) {
    case "reset":
      await reset();
      // The collection is no stall of the attack.
      setTimeout(() => {
        delays.reset();
        write({ event: "reset" });
      }, 2 * RESOLUTION_MS);
      return;
    case "sample": {
      const stall = Math.max(0, delays.max / 1e6 - RESOLUTION_MS);
      const peak = residentPeak() - base.resident;
      write({ event: "sample", stall, peak, held: (await heldNow()) - base.held });
      return;
    }
    case "ask":
      try {
        write({ event: "answered", count: await running.ask() });
      } catch (error) {
        write({ event: "answered", error: String(error) });
      }
      return;
    default:
      question satisfies never;
  }
}

write({ event: "ready", port: running.port });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(JSON.parse(line) as Question));
await once(lines, "close");
await running.end();
delays.disable();
