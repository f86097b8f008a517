import type { Adapter } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import type { NormalizedAdapter } from "../../options.js";
import type { Listeners } from "../../util/listeners.js";
import type { ChannelPublisher } from "../channel-publisher.js";
import type { HostRecovery } from "../recovery/host-recovery.js";
import type { NamespaceRecovery } from "../recovery/namespace-recovery.js";
import type { Reporter } from "../reporting/reporter.js";
import type { OwedAcks } from "./owed-acks.js";

/** A namespace of the server. */
export interface ServedNamespace {
  readonly adapter: Adapter;
  readonly owedAcks: OwedAcks;
  /** Undefined where clients cannot resume. */
  readonly recovery: NamespaceRecovery | undefined;
}

/** What inbound messages are handed to. */
export interface InboundDependencies {
  readonly options: NormalizedAdapter;
  /** By name. */
  readonly namespaces: ReadonlyMap<string, ServedNamespace>;
  readonly cluster: Cluster;
  readonly recovery: HostRecovery;
  /** For acknowledgements of clients. */
  readonly publisher: ChannelPublisher;
  readonly reporter: Reporter;
  /** Of workers behind an edge. */
  readonly marks: Listeners<string>;
}
