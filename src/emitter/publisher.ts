import type { Bus } from "../bus/bus.js";
import { BridgeError, type BridgeErrorCode } from "../errors.js";
import type { Encode } from "../protocol/encoders.js";
import type { OutgoingMessage } from "../protocol/model/outgoing.js";
import { sideChannelOf } from "../protocol/side-channel/channel-name.js";
import { encodeSideChannel } from "../protocol/side-channel/encode.js";
import type { SideChannelMessage } from "../protocol/side-channel/messages.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";

/** Already in the bus's status, which is logged. */
const REPORTED_BY_STATUS: readonly BridgeErrorCode[] = ["BRIDGE_MESSAGE_DROPPED", "BRIDGE_BROKER_UNAVAILABLE"];

export interface PublisherOptions {
  readonly bus: Bus;
  /** The channel of the fleet that is written to. */
  readonly channel: string;
  readonly encode: Encode;
  /** Bytes. */
  readonly maxMessageSize: number;
  readonly log: RateLimitedLog;
}

/**
 * Encodes messages and publishes them.
 *
 * A caller need not wait for what this returns: a rejection that nobody handles is logged, and does not end the process.
 */
export class Publisher {
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** @throws BridgeError rejects as `encode` throws and `Bus.publish` rejects, and with what `makeMessage` throws */
  publish(makeMessage: () => OutgoingMessage): Promise<void> {
    const { bus, channel, encode } = this.#options;
    return this.#run(() => bus.publish(channel, encode(makeMessage())));
  }

  /** Several messages, in order; none of them if one cannot be encoded. @throws BridgeError rejects as `publish` */
  publishAll(makeMessages: () => readonly OutgoingMessage[]): Promise<void> {
    const { bus, channel, encode } = this.#options;
    return this.#run(async () => {
      const payloads = makeMessages().map(encode);
      await Promise.all(payloads.map((payload) => bus.publish(channel, payload)));
    });
  }

  /** To the Node hosts of the fleet. @throws BridgeError rejects as `publish` */
  publishToHosts(makeMessage: () => SideChannelMessage): Promise<void> {
    const { bus, channel, maxMessageSize } = this.#options;
    return this.#run(() => bus.publish(sideChannelOf(channel), encodeSideChannel(makeMessage(), maxMessageSize)));
  }

  #run(publish: () => Promise<void>): Promise<void> {
    const published = new Promise<void>((resolve) => {
      resolve(publish());
    });
    published.catch((error: Error) => {
      if (!(error instanceof BridgeError) || !REPORTED_BY_STATUS.includes(error.code)) {
        // By code: error messages may quote text of users.
        const key = error instanceof BridgeError ? error.code : error.name;
        this.#options.log.line(key, () => `[socketio-python-bridge] ${error.message}`);
      }
    });
    return published;
  }
}
