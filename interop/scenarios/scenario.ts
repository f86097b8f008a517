import type { Emitter, EventsMap } from "../../src/index.js";
import type { ClientOptions, TestClient } from "../../src/testing/clients.js";
import type { NodeHost } from "../../src/testing/node-host.js";
import type { HostKind, Peer, PeerKind } from "../../src/testing/python-peer.js";

export type Direction = "python-to-node" | "node-to-python";

/** All kinds, in the order of a table's columns. */
export const KINDS: readonly PeerKind[] = ["threaded", "flask", "asgi", "write-only", "celery"];
/** The kinds that have clients of their own. */
export const HOST_KINDS: readonly HostKind[] = ["threaded", "flask", "asgi"];

/** One thing that Node and Python hosts owe each other: a row of the matrix. */
export interface Scenario {
  /** Words with hyphens; it stays the same from release to release. */
  readonly name: string;
  readonly title: string;
  readonly direction: Direction;
  readonly kinds: readonly PeerKind[];
  /** @throws AssertionError when it does not hold; Error when something did not come in time */
  run(context: Context): Promise<void>;
}

/** Fleet that a scenario runs in. It is shared, so events, rooms and clients are to be its own: see `own`. */
export interface Context {
  readonly kind: PeerKind;
  readonly node: NodeHost;
  readonly emitter: Emitter<EventsMap>;
  readonly python: Peer;
  /** Clients of each sort, which stay for the next scenario. */
  readonly nodeClients: readonly TestClient[];
  /** The same of the Python host; none where it is no host. */
  readonly pythonClients: readonly TestClient[];
  /** A name for an event or a room that no other scenario uses. */
  own(name: string): string;
  /** A client for this scenario alone. */
  connectToNode(options?: ClientOptions): Promise<TestClient>;
  connectToPython(options?: ClientOptions): Promise<TestClient>;
  /** Waits for the last events by the given names; returns the own ones received until then, without the last. */
  received(client: TestClient, ...last: readonly string[]): Promise<readonly (readonly unknown[])[]>;
}
