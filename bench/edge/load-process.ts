/**
 * The process of a `Load`: all clients of a server, driven over stdin and stdout with one JSON object a line.
 *
 *     {"op": "connect", "port", "clients"}    {"event": "connected", "rate"}
 *     {"op": "saturate", "asked", "time"}     {"event": "saturated", "rate"}
 *     {"op": "pace", "count", "interval"}     {"event": "paced", "times"}
 *     {"op": "fan-out", "bytes", "time", "atOnce"}  {"event": "delivered", "emits"}
 *     {"op": "trickle", "interval"}           {"event": "trickling"}
 *     {"op": "stop"}                          {"event": "stopped", "sent", "lost"}
 *     {"op": "gone"}                          {"event": "gone", "count", "reason"}: clients that were disconnected
 *
 * Ends with its stdin.
 */
import { runOperations } from "../shared/operations.js";
import { type AskedEvent, LoadClients } from "./load-clients.js";

export type LoadOperation =
  | { readonly op: "connect"; readonly port: number; readonly clients: number }
  | { readonly op: "saturate"; readonly asked: AskedEvent; readonly time: number }
  | { readonly op: "pace"; readonly count: number; readonly interval: number }
  | { readonly op: "fan-out"; readonly bytes: number; readonly time: number; readonly atOnce: number }
  | { readonly op: "trickle"; readonly interval: number }
  | { readonly op: "stop" | "gone" };

const clients = new LoadClients();
let isOver = false;
let trickle = Promise.resolve({ sent: 0, lost: 0 });

const write = (event: string, fields: Readonly<Record<string, unknown>> = {}): void =>
  void process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);

async function run(operation: LoadOperation): Promise<void> {
  switch (operation.op) {
    case "connect":
      return write("connected", { rate: await clients.connect(operation.port, operation.clients) });
    case "saturate":
      return write("saturated", { rate: await clients.saturate(operation.asked, operation.time) });
    case "pace":
      return write("paced", { times: await clients.pace(operation.count, operation.interval) });
    case "fan-out":
      return write("delivered", {
        emits: await clients.fanOut(operation.bytes, operation.time, operation.atOnce),
      });
    case "trickle":
      trickle = clients.trickle(operation.interval, () => isOver);
      return write("trickling");
    case "stop":
      isOver = true;
      return write("stopped", await trickle);
    case "gone":
      return write("gone", { count: clients.gone.length, reason: clients.gone[0] ?? null });
    default:
      operation satisfies never;
  }
}

await runOperations<LoadOperation>(run);
