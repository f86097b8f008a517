import type { CallbackRef, EmitMessage } from "../../protocol/model/messages.js";
import { sideChannelOf } from "../../protocol/side-channel/channel-name.js";
import type { AckCountMessage, AckMessage } from "../../protocol/side-channel/messages.js";
import type { Reporter } from "../reporting/reporter.js";
import type { InboundDependencies } from "./dependencies.js";

/** Acknowledgements of one emit of another host, on their way back to it. */
export interface AckReplies {
  /** In `performance.now()` time: that host does not wait for them from then on. */
  readonly deadline: number;
  /**
   * How many clients of this host got the emit: before any acknowledgement. Called again it does nothing.
   *
   * @param isClient - whether the only room is the sid of one of them
   */
  sendCount(clients: number, isClient: boolean): void;
  /** What one client acknowledged with. */
  sendAck(args: readonly unknown[]): void;
}

type AckReplyRoutes = Pick<InboundDependencies, "cluster" | "publisher" | "reporter">;

/**
 * @param channel - that the emit came on
 * @returns undefined where the emit requests none
 */
export function ackRepliesFor(message: EmitMessage, channel: string, routes: AckReplyRoutes): AckReplies | undefined {
  const { callback, node, hostId } = message;
  if (callback === null) {
    return undefined;
  }
  return node?.ackTimeout === undefined || hostId === undefined
    ? new PythonAckReplies(callback, hostId, routes)
    : new NodeAckReplies({ to: hostId, id: callback.id }, node.ackTimeout, sideChannelOf(channel), routes);
}

/** As a Python host replies: one `callback` for each client that acknowledges, uncounted. Python keeps the first. */
class PythonAckReplies implements AckReplies {
  readonly deadline = Number.POSITIVE_INFINITY;
  readonly #callback: CallbackRef;
  readonly #hostId: string | undefined;
  readonly #routes: AckReplyRoutes;

  constructor(callback: CallbackRef, hostId: string | undefined, routes: AckReplyRoutes) {
    this.#callback = callback;
    this.#hostId = hostId;
    this.#routes = routes;
  }

  sendCount(): void {}

  sendAck(args: readonly unknown[]): void {
    const { publisher, reporter } = this.#routes;
    try {
      publisher.publish({ method: "callback", callback: this.#callback, args, hostId: this.#hostId });
    } catch (error) {
      warnOfLostAck(reporter, error);
    }
  }
}

/** To a Node host, on the side channel: the number of clients first, then that many acknowledgements. */
class NodeAckReplies implements AckReplies {
  readonly deadline: number;
  readonly #address: { readonly to: string; readonly id: number };
  readonly #channel: string;
  readonly #routes: AckReplyRoutes;
  #isCounted = false;
  #sent = 0;

  /** @param timeout - milliseconds for which that host waits */
  constructor(
    address: { readonly to: string; readonly id: number },
    timeout: number,
    channel: string,
    routes: AckReplyRoutes,
  ) {
    this.deadline = performance.now() + timeout;
    this.#address = address;
    this.#channel = channel;
    this.#routes = routes;
  }

  sendCount(clients: number, isClient: boolean): void {
    if (!this.#isCounted) {
      this.#isCounted = true;
      this.#publish({ type: "ack_count", from: this.#routes.cluster.hostId, ...this.#address, clients, isClient });
    }
  }

  sendAck(args: readonly unknown[]): void {
    const { cluster, reporter } = this.#routes;
    const sequence = this.#sent + 1;
    try {
      this.#publish({ type: "ack", from: cluster.hostId, ...this.#address, sequence, args });
      this.#sent = sequence;
    } catch (error) {
      warnOfLostAck(reporter, error);
    }
  }

  #publish(message: AckCountMessage | AckMessage): void {
    // The bus reports what it drops.
    this.#routes.cluster.sideChannel.publish(message, this.#channel).catch(() => {});
  }
}

/** The other host waits for its timeout then, as among Python hosts. */
function warnOfLostAck(reporter: Reporter, error: unknown): void {
  reporter.warn("ack", `cannot pass on a client's acknowledgement: ${(error as Error).message}`);
}
