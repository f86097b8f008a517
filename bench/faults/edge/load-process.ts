/**
 * The process of a `Load`: all clients, driven over stdin and stdout with one JSON object a line.
 *
 *     {"op": "send", "rate": 200}      each client in its turn sends two numbered events at once
 *     {"op": "hold", "client": 0}      sends an event that takes its time
 *     {"op": "finish", "time": ms}     stops, and waits for the acknowledgements
 *
 * Writes {"event": "connected"} when every client is, and after `finish` {"event": "finished", "sent": [...],
 * "disconnects": [...]}. Ends with its stdin.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { io as connect, type Socket } from "socket.io-client";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { now } from "../../shared/clock.js";
import { startPace } from "../pace.js";
import type { Disconnect, SentEvent } from "./figures.js";

/** The only argument of the process, as JSON. */
export interface LoadOptions {
  /** Each client takes the next one. */
  readonly urls: readonly string[];
  readonly clients: number;
}

export type LoadOperation =
  | { readonly op: "send"; readonly rate: number }
  | { readonly op: "hold"; readonly client: number }
  | { readonly op: "finish"; readonly time: number };

interface Client {
  readonly id: number;
  readonly socket: Socket;
  readonly events: Event[];
  readonly disconnects: { -readonly [Key in keyof Disconnect]: Disconnect[Key] }[];
}

type Event = { -readonly [Key in keyof SentEvent]: SentEvent[Key] };

const { urls, clients: count } = JSON.parse(process.argv[2] ?? "{}") as LoadOptions;

const write = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Of `acknowledgement`, if it is the error of an edge. */
function errorOf(acknowledgement: unknown): string {
  const { error } = (acknowledgement as { socketioBridge?: { error?: unknown } } | null)?.socketioBridge ?? {};
  return typeof error === "string" ? error : `the answer ${JSON.stringify(acknowledgement)}`;
}

function openClient(id: number): Client {
  const socket = connect(urls[id % urls.length] as string, {
    transports: ["websocket"],
    forceNew: true,
    auth: { client: id },
    reconnectionDelay: 200,
    reconnectionDelayMax: 1_000,
  });
  const client: Client = { id, socket, events: [], disconnects: [] };
  socket.on("handled", (number: number) => {
    const event = client.events[number];
    if (event !== undefined) {
      event.emits += 1;
      event.emittedAt ??= now();
    }
  });
  socket.on("disconnect", () => client.disconnects.push({ client: id, at: now(), backAt: null }));
  socket.on("connect", () => {
    const last = client.disconnects.at(-1);
    if (last !== undefined) {
      last.backAt = now();
    }
  });
  return client;
}

const clients = Array.from({ length: count }, (_, id) => openClient(id));
const pending = new Set<Promise<void>>();

function send(name: "number" | "hold", { id, socket, events }: Client): void {
  const number = events.length;
  const event: Event = {
    ...{ client: id, number, sentAt: now(), settledAt: null, outcome: "unsettled", emits: 0, emittedAt: null },
  };
  events.push(event);
  const settle = (outcome: string) => {
    event.settledAt = now();
    event.outcome = outcome;
  };
  const settled = socket.emitWithAck(name, id, number).then(
    (answer) => settle(answer === number ? "answered" : errorOf(answer)),
    // By socket.io-client, when the connection ends.
    () => settle("disconnected"),
  );
  pending.add(settled);
  void settled.finally(() => pending.delete(settled));
}

let stopPace = (): void => {};
let turn = 0;

async function finish(time: number): Promise<void> {
  stopPace();
  await withTimeout("all acknowledgements", Promise.all(pending), time).catch(() => {});
  write({
    event: "finished",
    sent: clients.flatMap(({ events }) => events),
    disconnects: clients.flatMap(({ disconnects }) => disconnects),
  });
}

async function run(operation: LoadOperation): Promise<void> {
  switch (operation.op) {
    case "send":
      stopPace = startPace(operation.rate / 2, () => {
        const client = clients[turn % clients.length] as Client;
        turn += 1;
        send("number", client);
        send("number", client);
      });
      return;
    case "hold":
      send("hold", clients[operation.client] as Client);
      return;
    case "finish":
      return finish(operation.time);
    default:
      operation satisfies never;
  }
}

await Promise.all(clients.map(({ socket }) => once(socket as never, "connect")));
write({ event: "connected" });
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void run(JSON.parse(line) as LoadOperation));
await once(lines, "close");
for (const { socket } of clients) {
  socket.disconnect();
}
process.exit();
