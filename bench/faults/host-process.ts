/**
 * A TypeScript host of the fleet in a process of its own, driven over stdin and stdout: a JSON object a line.
 *
 *     {"op": "send", "rate": 200}   emits `numbered` (sender, number, time) at that pace, counting from 1
 *     {"op": "stop"}
 *     {"op": "barrier"}             emits `barrier` (sender)
 *     {"op": "block", "time": ms}   keeps the event loop busy; {"event": "unblocked"} when it is over
 *
 * It says {"event": "ready"} when it hears its channel and takes clients, {"event": "status", "type": ..., "at": time}
 * for each status of its bus but health, and {"event": "count", "sent": n, "confirmed": n} whenever that has changed. It
 * ends with its stdin.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";
import { createAdapter } from "../../src/index.js";
import { now } from "../shared/clock.js";
import { startPace } from "./pace.js";

/** The one argument of the process, as JSON. */
export interface HostOptions {
  readonly url: string;
  readonly channel: string;
  readonly address: string;
  readonly port: number;
  /** Names the process in its messages. */
  readonly sender: string;
  readonly heartbeatInterval: number;
}

type Operation =
  | { readonly op: "send"; readonly rate: number }
  | { readonly op: "stop" }
  | { readonly op: "barrier" }
  | { readonly op: "block"; readonly time: number };

const { url, channel, address, port, sender, heartbeatInterval } = JSON.parse(process.argv[2] ?? "{}") as HostOptions;

/** Standard output is a pipe, and writing to one is synchronous: what was said is out even if the process is killed. */
function say(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const adapter = createAdapter(url, { channel, heartbeatInterval, logger: false });
adapter.onStatus((status) => {
  if (status.type !== "healthy") {
    const error = status.type === "error" ? status.error.message : undefined;
    say({ event: "status", type: status.type, error, at: now() });
  }
});
const http = createServer();
const io = new Server(http, { adapter });

let sent = 0;
let told = "";
let endPace = (): void => {};

function tellCount(): void {
  const line = { event: "count", sent, confirmed: Math.min(sent, adapter.stats().published) };
  const text = JSON.stringify(line);
  if (text !== told) {
    told = text;
    say(line);
  }
}

function block(time: number): void {
  const from = now();
  while (now() - from < time) {
    // Busy.
  }
  say({ event: "unblocked", from, to: now() });
}

function run(operation: Operation): void {
  switch (operation.op) {
    case "send":
      endPace = startPace(operation.rate, () => {
        tellCount();
        sent += 1;
        io.emit("numbered", sender, sent, now());
      });
      return;
    case "stop":
      endPace();
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
const counting = setInterval(tellCount, 5);
say({ event: "ready" });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => run(JSON.parse(line) as Operation));
await once(lines, "close");
clearInterval(counting);
endPace();
await io.close();
tellCount();
http.closeAllConnections();
