import { createEmitter, type Emitter, type Encoding, type EventsMap, type ReaderOptions } from "../src/index.js";
import { type ClientOptions, connectClient, type TestClient } from "../src/testing/clients.js";
import { type NodeHost, startNodeHost } from "../src/testing/node-host.js";
import { Unavailable } from "../src/testing/program.js";
import type { Python } from "../src/testing/python.js";
import { type Peer, type PeerKind, startPeer } from "../src/testing/python-peer.js";
import { cleanUp, type Scope } from "../src/testing/scope.js";

/** A client, and what a report calls it. */
export interface NamedClient {
  readonly name: string;
  readonly client: TestClient;
}

/** What scenarios run in: a Node host, a Node emitter, a Python peer, and clients on each host, all on one channel. */
export interface Testbed {
  readonly kind: PeerKind;
  readonly node: NodeHost;
  readonly emitter: Emitter<EventsMap>;
  readonly python: Peer;
  readonly nodeClients: readonly NamedClient[];
  /** None where the Python peer is not a host. */
  readonly pythonClients: readonly NamedClient[];
  /** Why no Python client takes part, where none does. */
  readonly withoutPythonClients?: string;
  connect(scope: Scope, on: "node" | "python", options?: ClientOptions): Promise<NamedClient>;
}

export interface TestbedOptions {
  readonly python: Python;
  readonly queue: string;
  readonly channel: string;
  readonly kind: PeerKind;
  /** Of the Python peer; python-socketio has no other than JSON, so MessagePack is that of `socketio_bridge.msgpack`. */
  readonly encoding: Encoding;
  /** Of the Node host and the Node emitter. */
  readonly node: ReaderOptions;
}

/** A peer without a server has no clients. */
const hasClients = (kind: PeerKind): boolean => kind !== "write-only" && kind !== "celery";

/** As in an application with `join_room(user.id)`. */
const toPythonRoom = (room: string) => (/^\d+$/.test(room) ? BigInt(room) : room);

/** Every kind of client that a Node host may have; those of Engine.IO 3 where the Python host has such clients. */
function clientsOfNode({ engineIo }: Peer): readonly ClientOptions[] {
  return [
    { kind: "js", transport: "websocket" },
    { kind: "js", transport: "polling" },
    { kind: "python", transport: "websocket" },
    ...(engineIo === 3 ? [{ kind: "js-v2", transport: "websocket" } as const] : []),
  ];
}

/** Defaults for a client of a Python host. */
function defaultsOfPython({ engineIo, transports }: Peer): ClientOptions {
  const transport = transports.includes("websocket") ? "websocket" : "polling";
  return { kind: engineIo === 3 ? "js-v2" : "js", transport };
}

/** Over a single transport: in python-engineio 4.15, bytes sent to clients on two transports disconnect one of them. */
function clientsOfPython(peer: Peer): readonly ClientOptions[] {
  const defaults = defaultsOfPython(peer);
  return [defaults, { ...defaults, kind: "python" }];
}

const LANGUAGES = { js: "JavaScript", "js-v2": "JavaScript (socket.io-client 2)", python: "Python" } as const;

function nameOf(on: "node" | "python", { kind = "js", transport = "websocket", namespace = "/" }: ClientOptions) {
  const host = on === "node" ? "Node" : "Python";
  return `${LANGUAGES[kind]} client of the ${host} host, ${transport}${namespace === "/" ? "" : `, ${namespace}`}`;
}

/** Resolves when every host is subscribed and every client connected. @throws Unavailable where a package is missing */
export async function startTestbed(scope: Scope, options: TestbedOptions): Promise<Testbed> {
  const { python: interpreter, queue, channel, kind, encoding } = options;
  const args = encoding === "json" ? [] : ["--encoding", encoding];
  const nodeOptions = { channel, toPythonRoom, ...options.node };
  const [node, python] = await Promise.all([
    startNodeHost(scope, queue, nodeOptions, { allowEIO3: true }),
    startPeer(scope, interpreter, kind, { queue, channel, args }),
  ]);
  const emitter = createEmitter(queue, { ...nodeOptions, acks: true, logger: false });
  cleanUp(scope, () => emitter.close());

  const connect: Testbed["connect"] = async (owner, on, chosen = {}) => {
    const { url } = on === "node" ? node : python;
    const clientOptions = on === "node" ? chosen : { ...defaultsOfPython(python), ...chosen };
    return { name: nameOf(on, clientOptions), client: await connectClient(owner, interpreter, url, clientOptions) };
  };
  let withoutPythonClients: string | undefined;
  const connectAll = async (on: "node" | "python", all: readonly ClientOptions[]) => {
    const clients = await Promise.all(
      all.map((clientOptions) =>
        connect(scope, on, clientOptions).catch((error: unknown) => {
          if (!(error instanceof Unavailable)) {
            throw error;
          }
          withoutPythonClients = error.message;
          return undefined;
        }),
      ),
    );
    return clients.filter((client) => client !== undefined);
  };
  const [nodeClients, pythonClients] = await Promise.all([
    connectAll("node", clientsOfNode(python)),
    connectAll("python", hasClients(kind) ? clientsOfPython(python) : []).catch((cause: Error) => {
      throw new Error(python.program.withLastOutput(cause.message), { cause });
    }),
  ]);
  return {
    ...{ kind, node, emitter, python, nodeClients, pythonClients, connect },
    ...(withoutPythonClients === undefined ? {} : { withoutPythonClients }),
  };
}
