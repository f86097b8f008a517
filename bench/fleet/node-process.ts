/** A Node host or emitter of a fleet. `operations.ts` says how it is driven. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import type { BusStatus } from "../../src/bus/bus.js";
import { openBus } from "../../src/bus/open.js";
import { createAdapter, createEmitter } from "../../src/index.js";
import { now } from "../shared/clock.js";
import { Fates } from "./fates.js";
import { NumberedSender } from "./numbered-sender.js";
import { observedBus, type Swallowed } from "./observed-bus.js";
import type { Operation } from "./operations.js";
import { startSampling } from "./sampling.js";

/** The only argument of the process, as JSON. */
export interface NodeOptions {
  readonly kind: "node-host" | "node-emitter";
  readonly name: string;
  readonly url: string;
  readonly channel: string;
  readonly heartbeatInterval: number;
  /** Of a host; 0 is any. */
  readonly port: number;
  /** Its first message has the next number. */
  readonly numbersFrom: number;
  /** Of the messages of this sender, the host swallows one, silently: a run has to find that. */
  readonly swallow?: Swallowed | undefined;
}

/** Between two lines about what has become of messages, in milliseconds. */
const FLUSH_MS = 50;

/** Clients are to stay, also when a ping waits behind a backlog. */
const PING_TIMEOUT_MS = 300_000;

const options = JSON.parse(process.argv[2] ?? "{}") as NodeOptions;
const { kind, name, url, channel, heartbeatInterval } = options;

/** Writes to pipes are synchronous, so the line is out even if the process is killed next. */
function write(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

type Emit = (number: number, room: string | null, ...args: readonly unknown[]) => void;

interface Running {
  readonly port: number;
  readonly emit: Emit;
  readonly lag: () => number | null;
  end(): Promise<void>;
}

const fates = new Fates((runs) => write({ event: "settled", runs }));
function writeStatus(status: BusStatus): void {
  const { type } = status;
  const error = type === "error" ? status.error.message : undefined;
  const dropped = type === "dropped" ? { reason: status.reason, count: status.count } : {};
  write({ event: "status", type, at: now(), error, ...dropped });
}

async function startHost(): Promise<Running> {
  const bus = observedBus(openBus(url, channel, { heartbeatInterval }), channel, fates, options.swallow);
  const adapter = createAdapter(bus, { channel, logger: false });
  const http = createServer();
  const io = new Server(http, { adapter, pingTimeout: PING_TIMEOUT_MS });
  io.on("connection", (socket) => {
    socket.on("join", async (room, acknowledge) => {
      await socket.join(String(room));
      acknowledge(["joined", room]);
    });
  });
  adapter.onStatus((status) => {
    if (status.type !== "healthy") {
      writeStatus(status);
      io.local.emit("status", status.type, now(), status.type === "error" ? status.error.message : null);
    }
  });
  await adapter.ready();
  await once(http.listen(options.port, "127.0.0.1"), "listening");
  return {
    port: (http.address() as AddressInfo).port,
    emit: (number, room, ...args) =>
      bus.publishing(number, () => (room === null ? io : io.to(room)).emit("numbered", ...args)),
    lag: () => adapter.stats().lag,
    end: async () => {
      await io.close();
      http.closeAllConnections();
    },
  };
}

function startEmitter(): Running {
  const emitter = createEmitter(url, { channel, heartbeatInterval, logger: false });
  emitter.onStatus((status) => status.type !== "healthy" && writeStatus(status));
  return {
    port: 0,
    emit: (number, room, ...args) => {
      (room === null ? emitter : emitter.to(room)).emit("numbered", ...args).then(
        () => fates.settled(number, "confirmed"),
        () => fates.settled(number, "rejected"),
      );
    },
    lag: () => null,
    end: () => emitter.close(),
  };
}

const running = kind === "node-host" ? await startHost() : startEmitter();
const sender = new NumberedSender({ name, numbersFrom: options.numbersFrom, emit: running.emit, write });
const sampling = startSampling(running.lag);

function run(operation: Operation): void {
  switch (operation.op) {
    case "emit":
      sender.emit(operation);
      return;
    case "tick":
      sender.tick(operation.interval);
      return;
    case "block":
      sender.block(operation.time);
      return;
    case "sample":
      write({ event: "sample", ...sampling.sample() });
      return;
    case "finish":
      sender.finish();
      return;
    default:
      operation satisfies never;
  }
}

const flushing = setInterval(() => fates.flush(), FLUSH_MS);
write({ event: "ready", port: running.port });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line) as Operation));
await once(lines, "close");
sender.tick(0);
await running.end();
clearInterval(flushing);
sampling.end();
fates.flush();
