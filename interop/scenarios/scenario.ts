import type { Emitter, Encoding, EventsMap } from "../../src/index.js";
import type { ClientOptions, TestClient } from "../../src/testing/clients.js";
import type { NodeHost } from "../../src/testing/node-host.js";
import type { HostKind, Peer, PeerKind } from "../../src/testing/python-peer.js";

export type Direction = "python-to-node" | "node-to-python";

/** All kinds of peers, in the order of the columns. */
export const KINDS: readonly PeerKind[] = ["threaded", "flask", "asgi", "write-only", "celery"];
/** The kinds that have clients. */
export const HOST_KINDS: readonly HostKind[] = ["threaded", "flask", "asgi"];

/** Something that must work between Node and Python: a row of the matrix. */
export interface Scenario {
  /** In kebab case. It stays the same from release to release. */
  readonly name: string;
  readonly title: string;
  readonly direction: Direction;
  readonly kinds: readonly PeerKind[];
  /** The only one that has a form for it. @default every encoding */
  readonly encoding?: Encoding;
  /** @throws AssertionError when it does not work; Error when something does not arrive in time */
  run(context: Context): Promise<void>;
}

/** What a scenario runs in. It is shared, so a scenario uses its own events, rooms and clients: see `own`. */
export interface Context {
  readonly kind: PeerKind;
  readonly node: NodeHost;
  readonly emitter: Emitter<EventsMap>;
  readonly python: Peer;
  /** Clients of each kind, which stay for the next scenario. */
  readonly nodeClients: readonly TestClient[];
  /** The same for the Python host; none where the peer is not a host. */
  readonly pythonClients: readonly TestClient[];
  /** A name for an event or a room that no other scenario uses. */
  own(name: string): string;
  /** Connects a client for this scenario only. */
  connectToNode(options?: ClientOptions): Promise<TestClient>;
  connectToPython(options?: ClientOptions): Promise<TestClient>;
  /** Waits for the last events, by their names. Returns the scenario's own events until then, without the last ones. */
  received(client: TestClient, ...last: readonly string[]): Promise<readonly (readonly unknown[])[]>;
}

/** What a Python peer does to clients of the Node host. */
export const pythonToNode = (name: string, title: string, run: Scenario["run"], kinds = KINDS): Scenario => ({
  ...{ name: `python-${name}`, title, direction: "python-to-node", kinds, run },
});

/** What a Node host or emitter does to clients of the Python host. */
export const nodeToPython = (name: string, title: string, run: Scenario["run"]): Scenario => ({
  ...{ name: `node-${name}`, title, direction: "node-to-python", kinds: HOST_KINDS, run },
});
