import type { Transport } from "./clients.js";
import type { Line, Program } from "./program.js";
import { type Python, startPythonProgram } from "./python.js";
import { cleanUp, type Scope } from "./scope.js";

/** Servers, which have clients. */
export type HostKind = "threaded" | "flask" | "asgi";
/** Everything that emits: also a manager without a server, and a Celery task. */
export type PeerKind = HostKind | "write-only" | "celery";

/** A Python host of the fleet, or an emitter without a server. */
export interface Peer {
  readonly program: Program;
  readonly url: string;
  readonly hostId: string;
  /** Of its clients; none where it is not a host. */
  readonly transports: readonly Transport[];
  /** The missing package, if its clients can only poll because of it. */
  readonly websocketNeeds?: string;
  /** The protocol of its clients: 3 up to python-socketio 4, which socket.io-client 3 and later do not speak. */
  readonly engineIo: 3 | 4;
  request(op: string, fields?: Line): Promise<unknown>;
}

export interface PeerOptions {
  readonly queue: string;
  readonly channel: string;
  /** Other arguments of `peer.py`. */
  readonly args?: readonly string[];
}

/** Resolves when it is subscribed. Ends with the scope. @throws Unavailable where a package is missing */
export async function startPeer(
  scope: Scope,
  python: Python,
  kind: PeerKind,
  { queue, channel, args = [] }: PeerOptions,
): Promise<Peer> {
  const script = queue.startsWith("zmq+") ? "peer_eventlet.py" : "peer.py";
  const program = startPythonProgram(python, script, ["--kind", kind, "--queue", queue, "--channel", channel, ...args]);
  cleanUp(scope, () => program.end());
  const { port, host_id, transports, engineio, websocket_needs } = await program.ready();
  return {
    program,
    url: `http://127.0.0.1:${port}`,
    hostId: String(host_id),
    transports: transports as readonly Transport[],
    engineIo: engineio as 3 | 4,
    ...(websocket_needs === undefined ? {} : { websocketNeeds: String(websocket_needs) }),
    request: (op, fields) => program.request(op, fields),
  };
}
