import type { Adapter } from "socket.io-adapter";
import type { Cluster } from "../../cluster/cluster.js";
import type { NormalizedAdapter } from "../../options.js";
import type { ChannelPublisher } from "../channel-publisher.js";
import { recoveryTimesOf } from "../clients/private-fields.js";
import { Checkpoints } from "./checkpoints.js";
import { History } from "./history.js";
import { NamespaceRecovery } from "./namespace-recovery.js";

export interface HostRecoveryOptions {
  readonly options: NormalizedAdapter;
  readonly cluster: Cluster;
  readonly publisher: ChannelPublisher;
  /** Whether all hosts receive all messages of the fleet's channel in one order. */
  isOrdered(): boolean;
  /** Gets what the application throws while a client resumes. */
  onThrown(error: unknown): void;
}

/** Connection state recovery of a host: one history of the channel serves all namespaces. */
export class HostRecovery {
  readonly checkpoints: Checkpoints;
  readonly #dependencies: HostRecoveryOptions;
  #history: History | undefined;

  constructor(dependencies: HostRecoveryOptions) {
    const { cluster, publisher } = dependencies;
    this.#dependencies = dependencies;
    this.checkpoints = new Checkpoints(cluster.hostId, (message) => publisher.publish(message));
  }

  /** Undefined until a server with `connectionStateRecovery` opens a namespace: no client can resume then. */
  get history(): History | undefined {
    return this.#history;
  }

  /** @returns undefined where the server has no `connectionStateRecovery` */
  open(adapter: Adapter): NamespaceRecovery | undefined {
    const times = recoveryTimesOf(adapter);
    if (times === undefined) {
      return undefined;
    }
    const { options, cluster, isOrdered, onThrown } = this.#dependencies;
    const { maxSessions, ...limits } = options.recovery;
    const { maxDisconnection, detection } = times;
    this.#history ??= new History({ hostId: cluster.hostId, ...limits, maxAge: maxDisconnection + detection });
    return new NamespaceRecovery({
      adapter,
      history: this.#history,
      checkpoints: this.checkpoints,
      cluster,
      maxDisconnection,
      detection,
      maxSessions,
      maxBytes: limits.maxBytes,
      requestsTimeout: options.requestsTimeout,
      maxMessageSize: options.maxMessageSize,
      reading: options,
      isOrdered,
      onThrown,
    });
  }

  /** Call once the channel is subscribed: from then on, hosts agree on the names of its messages. */
  start(): void {
    if (this.#history !== undefined) {
      this.checkpoints.write();
    }
  }

  /** The bus may have missed messages. */
  interrupted(): void {
    this.#history?.interrupted();
  }

  /** Call now and then: drops what is too old, and renews the checkpoint. */
  sweep(): void {
    if (this.#history !== undefined) {
      this.#history.sweep();
      this.checkpoints.write();
    }
  }

  close(): void {
    this.checkpoints.close();
  }
}
