import type { Server } from "socket.io";
import type { BridgeHandle } from "../adapter/reporting/handle.js";
import { Edge } from "./edge.js";
import type { EdgeOptions } from "./options.js";

export type { QueueLimits } from "./event-queue.js";
export type { EdgeOptions } from "./options.js";
export type { EdgeLoss, EdgeStats } from "./reporter.js";
export type { Edge };

/**
 * Puts a Socket.IO server in front of an application of Flask-SocketIO or python-socketio: events for which the server has
 * no handler are served by the workers of the application.
 *
 * Call it before the server accepts clients, and wait for `ready()`.
 *
 * @example
 *
 *     const adapter = createAdapter("redis://localhost:6379");
 *     const io = new Server({ adapter });
 *     const edge = createEdge(io, adapter, { backend: "http://127.0.0.1:8000", secret });
 *     await edge.ready();
 *     io.listen(3000);
 *
 * @param adapter - the one that the server was made with
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`
 */
export function createEdge(io: Server, adapter: BridgeHandle, options: EdgeOptions): Edge {
  return new Edge(io, adapter, options);
}
