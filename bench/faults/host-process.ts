/**
 * The process of a `TestedHost`, driven over stdin and stdout with one JSON object a line.
 *
 *     {"op": "send", "rate": 200}   emits `numbered` (sender, number, time) at that rate, counting from 1
 *     {"op": "stop"}
 *     {"op": "barrier"}             emits `barrier` (sender)
 *     {"op": "block", "time": ms}   blocks the event loop; writes {"event": "unblocked"} afterwards
 *
 * Writes {"event": "ready"} when it is subscribed and accepts clients, {"event": "status", "type": ..., "at": time} for
 * each status of its bus except `healthy`, and {"event": "count", "sent": n, "confirmed": n} whenever that has changed.
 * Ends with its stdin.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import { createAdapter } from "../../src/index.js";
import { now } from "../shared/clock.js";
import { startPace } from "./pace.js";

/** The only argument of the process, as JSON. */
export interface HostOptions {
  readonly url: string;
  readonly channel: string;
  readonly address: string;
  readonly port: number;
  /** Identifies the process in its messages. */
  readonly sender: string;
  readonly heartbeatInterval: number;
}

type Operation =
  | { readonly op: "send"; readonly rate: number }
  | { readonly op: "stop" }
  | { readonly op: "barrier" }
  | { readonly op: "block"; readonly time: number };

const { url, channel, address, port, sender, heartbeatInterval } = JSON.parse(process.argv[2] ?? "{}") as HostOptions;

/** Writes to pipes are synchronous, so the line is out even if the process is killed next. */
function write(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const adapter = createAdapter(url, { channel, heartbeatInterval, logger: false });
adapter.onStatus((status) => {
  if (status.type !== "healthy") {
    const error = status.type === "error" ? status.error.message : undefined;
    write({ event: "status", type: status.type, error, at: now() });
  }
});
const http = createServer();
const io = new Server(http, { adapter });

let sent = 0;
let lastCount = "";
let stopPace = (): void => {};

function writeCount(): void {
  const line = { event: "count", sent, confirmed: Math.min(sent, adapter.stats().published) };
  const text = JSON.stringify(line);
  if (text !== lastCount) {
    lastCount = text;
    write(line);
  }
}

function block(time: number): void {
  const from = now();
  while (now() - from < time) {
    // Busy waiting.
  }
  write({ event: "unblocked", from, to: now() });
}

function run(operation: Operation): void {
  switch (operation.op) {
    case "send":
      stopPace = startPace(operation.rate, () => {
        writeCount();
        sent += 1;
        io.emit("numbered", sender, sent, now());
      });
      return;
    case "stop":
      stopPace();
      return;
    case "barrier":
      io.emit("barrier", sender);
      return;
    case "block":
      block(operation.time);
      return;
    default:
      operation satisfies never;
  }
}

await adapter.ready();
await once(http.listen(port, address), "listening");
const counting = setInterval(writeCount, 5);
write({ event: "ready" });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line) as Operation));
await once(lines, "close");
clearInterval(counting);
stopPace();
await io.close();
writeCount();
http.closeAllConnections();
