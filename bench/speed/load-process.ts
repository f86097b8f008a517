/**
 * The process of a `Load`: all clients and the sender, driven over stdin and stdout with one JSON object a line.
 *
 *     {"op": "open", "port", "kind", "clients", "rooms", "otherRooms", "idle", "idleRooms"}   {"event": "opened"}
 *     {"op": "load", ...recording}, {"op": "marker", ...recording}            the messages to send
 *     {"op": "check", "port", "room", "bytes"}   {"event": "checked"} when a client receives exactly what was sent
 *     {"op": "probe"}                        sends until every client receives; {"event": "probed"}
 *     {"op": "saturate", "time", "window"}   {"event": "ran", ...LoadRun}
 *     {"op": "pace", "time", "rate"}         {"event": "ran", ...LoadRun}
 *
 * Ends with its stdin.
 */
import { runOperations } from "../shared/operations.js";
import { checkContent } from "./check-content.js";
import { Clients } from "./clients.js";
import { watchFloor } from "./floor.js";
import type { Template } from "./publisher.js";
import { type LoadRun, Sender } from "./sender.js";

interface WireTemplate {
  readonly bytes: string;
  readonly numberAt: number;
  readonly timeAt: number;
}

export interface Opening {
  readonly redisPort: number;
  readonly port: number;
  /** `clients` are members of the room; `count` has none: the server reports how many messages it has received. */
  readonly kind: "clients" | "count";
  readonly clients: number;
  readonly rooms: readonly string[];
  /** Further rooms of each client, of its own. */
  readonly otherRooms: number;
  /** Further clients, in rooms of their own, that receive nothing. */
  readonly idle: number;
  readonly idleRooms: number;
}

export type LoadOperation =
  | ({ readonly op: "open" } & Opening)
  | ({ readonly op: "load" | "marker" } & WireTemplate)
  | { readonly op: "from-host"; readonly room: string; readonly bytes: number }
  | { readonly op: "check"; readonly port: number; readonly room: string; readonly bytes: number }
  | { readonly op: "probe" }
  | { readonly op: "saturate"; readonly time: number; readonly window: number }
  | { readonly op: "pace"; readonly time: number; readonly rate: number };

const write = (line: { readonly event: string } | ({ readonly event: "ran" } & LoadRun)): void =>
  void process.stdout.write(`${JSON.stringify(line)}\n`);

const clients = new Clients();
const idleClients = new Clients();
let sender: Sender | undefined;

const names = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function opened(): Sender {
  if (sender === undefined) {
    throw new Error("the operation open comes first");
  }
  return sender;
}

const template = ({ bytes, numberAt, timeAt }: WireTemplate): Template => ({
  bytes: Buffer.from(bytes, "base64"),
  numberAt,
  timeAt,
});

async function open({
  redisPort,
  port,
  kind,
  clients: count,
  rooms,
  otherRooms,
  idle,
  idleRooms,
}: Opening): Promise<void> {
  const floor = kind === "count" ? await watchFloor(port) : undefined;
  sender = await Sender.open(redisPort, clients, floor);
  await idleClients.connect(port, idle, (index) => names(`idle-${index}`, idleRooms));
  await clients.connect(port, count, (index) => [...rooms, ...names(`other-${index}`, otherRooms)]);
  write({ event: "opened" });
}

async function run(operation: LoadOperation): Promise<void> {
  switch (operation.op) {
    case "open":
      return open(operation);
    case "load":
      opened().load = template(operation);
      return;
    case "marker":
      opened().marker = template(operation);
      return;
    case "from-host":
      opened().fromHost = operation;
      return;
    case "check":
      await checkContent(operation.port, operation.room, operation.bytes, () => opened().sendProbe());
      return write({ event: "checked" });
    case "probe":
      await opened().probe();
      return write({ event: "probed" });
    case "saturate":
      return write({ event: "ran", ...(await opened().saturate(operation.time, operation.window)) });
    case "pace":
      return write({ event: "ran", ...(await opened().pace(operation.time, operation.rate)) });
    default:
      operation satisfies never;
  }
}

await runOperations<LoadOperation>(run);
