import type { Server } from "socket.io";
import type { BridgeHandle } from "../adapter/reporting/handle.js";
import { Edge } from "./edge.js";
import type { EdgeOptions } from "./options.js";

export type { QueueLimits } from "./event-queue.js";
export type { EdgeOptions } from "./options.js";
export type { EdgeLoss, EdgeStats } from "./reporter.js";
export type { Edge };

/**
 * Puts a Socket.IO server in front of a Flask-SocketIO or python-socketio application, whose workers handle the events for
 * which the server has no handler.
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
 * @param adapter - the adapter that the server was created with
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`
 */
export function createEdge(io: Server, adapter: BridgeHandle, options: EdgeOptions): Edge {
  return new Edge(io, adapter, options);
}
