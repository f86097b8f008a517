import { decode } from "../../protocol/decode.js";
import { scanEmit } from "../../protocol/json/scan-emit.js";
import type { ScannedEmit } from "../../protocol/json/scanned-emit.js";
import type { Message } from "../../protocol/model/messages.js";
import type { Rejection } from "../../protocol/model/rejection.js";
import { undeliverable } from "../../protocol/model/undeliverable.js";
import { asBuffer } from "../../util/bytes.js";
import type { InboundDependencies } from "./dependencies.js";
import { dispatch } from "./dispatch.js";
import { passThrough } from "./passthrough.js";

/**
 * The inbound half of a host. Bytes of the fleet's channel go one of two ways: an emit that can stay as it is passes
 * through to the clients; everything else is decoded, dispatched by method, and delivered.
 */
export class Receiver {
  readonly #dependencies: InboundDependencies;

  constructor(dependencies: InboundDependencies) {
    this.#dependencies = dependencies;
  }

  /** Untrusted input. Never throws, so one bad message cannot break the subscription. */
  onMessage(channel: string, payload: Uint8Array): void {
    const { options, recovery, reporter } = this.#dependencies;
    let sender: string | undefined;
    let rejection: Rejection | undefined;
    try {
      reporter.count("received");
      if (this.#mayPassThrough(payload)) {
        const message = asBuffer(payload);
        const emit = scanEmit(message, options.dialect);
        if (emit !== undefined && emit.envelope.callback === null) {
          sender = emit.envelope.hostId;
          if (this.#passThrough(emit, message)) {
            return;
          }
        }
      }
      const decoded = decode(payload, options.maxMessageSize, options);
      recovery.history?.recordMessage(payload, decoded.kind === "message" && isCheckpoint(decoded.message));
      switch (decoded.kind) {
        case "ignored":
          reporter.count("ignored");
          break;
        case "rejected":
          sender = decoded.hostId;
          rejection = decoded.rejection;
          break;
        case "message":
          sender = senderOf(decoded.message);
          rejection = dispatch({ channel, message: decoded.message, payload }, this.#dependencies);
          break;
        default:
          decoded satisfies never;
      }
    } catch (error) {
      rejection = undeliverable(error);
    }
    if (rejection !== undefined) {
      reporter.reject(channel, rejection, sender);
    }
  }

  /** Whether nothing on this host needs the message decoded. */
  #mayPassThrough(payload: Uint8Array): boolean {
    const { options, recovery, reporter } = this.#dependencies;
    return (
      options.passthrough &&
      recovery.history === undefined &&
      !reporter.hasEmitListeners &&
      payload.length <= options.maxMessageSize
    );
  }

  /** @returns whether nothing else is to be done with it */
  #passThrough(emit: ScannedEmit, message: Buffer): boolean {
    const { namespaces, cluster, reporter } = this.#dependencies;
    const { hostId, namespace } = emit.envelope;
    if (hostId === cluster.hostId) {
      reporter.count("echoes");
      return true;
    }
    const served = namespaces.get(namespace);
    if (served === undefined) {
      return false;
    }
    let isDone = true;
    try {
      isDone = passThrough(served.adapter, emit, message);
    } finally {
      // Not for what is decoded instead: that may turn out to be no valid message.
      if (isDone) {
        cluster.markSender(hostId);
      }
    }
    return isDone;
  }
}

const isCheckpoint = ({ method }: Message): boolean => method === "node_checkpoint";

/** A `callback` names the host that it is for, and not its sender. */
const senderOf = ({ method, hostId }: Message): string | undefined => (method === "callback" ? undefined : hostId);
