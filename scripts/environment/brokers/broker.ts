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
