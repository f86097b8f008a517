/** A real broker of this machine, at an address that stays the same over restarts. */
export interface RunningBroker {
  /** For Node hosts and for Python peers alike. */
  readonly url: string;
  readonly port: number;
  /** As if the machine had lost power. */
  crash(): Promise<void>;
  /** As an operator does it. */
  stop(): Promise<void>;
  /** Resolves when it takes connections again. */
  start(): Promise<void>;
  /** Ends it for good, and removes what it has written. */
  kill(): Promise<void>;
}

/** Several nodes that stand in for each other. */
export interface Cluster<Node extends RunningBroker> {
  /** Names all nodes, for Node hosts and for Python peers alike. */
  readonly url: string;
  readonly nodes: readonly Node[];
  /** Ends all nodes for good. */
  kill(): Promise<void>;
}

/** Starts the nodes of a cluster at once, because they wait for each other. If one fails, the others are ended. */
export async function launchNodes<Node extends RunningBroker>(
  launches: readonly (() => Promise<Node>)[],
): Promise<readonly Node[]> {
  const outcomes = await Promise.allSettled(launches.map((launch) => launch()));
  const nodes = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === "rejected");
  if (failure !== undefined) {
    await Promise.all(nodes.map((node) => node.kill()));
    throw failure.reason;
  }
  return nodes;
}
