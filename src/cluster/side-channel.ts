import type { Bus } from "../bus/bus.js";
import { sideChannelOf } from "../protocol/side-channel/channel-name.js";
import { encodeSideChannel } from "../protocol/side-channel/encode.js";
import type { SideChannelMessage } from "../protocol/side-channel/messages.js";

export interface SideChannelOptions {
  readonly bus: Bus;
  /** Of the fleet. */
  readonly channels: readonly [string, ...string[]];
  /** Bytes. */
  readonly maxMessageSize: number;
}

/**
 * The channels on which Node hosts exchange what Python hosts need not read: one beside each channel of the fleet.
 *
 * Emits and room commands stay on the fleet's channels, since no broker but Redis keeps order between two channels.
 */
export class SideChannel {
  readonly #bus: Bus;
  readonly #maxMessageSize: number;
  /** The first is the one that this process publishes to; replies go to the one that the request came on. */
  readonly names: readonly [string, ...string[]];

  constructor({ bus, channels: [first, ...others], maxMessageSize }: SideChannelOptions) {
    this.#bus = bus;
    this.#maxMessageSize = maxMessageSize;
    this.names = [sideChannelOf(first), ...others.map(sideChannelOf)];
  }

  subscribe(onMessage: (channel: string, payload: Uint8Array) => void): readonly Promise<void>[] {
    return this.names.map((name) => this.#bus.subscribe(name, (payload) => onMessage(name, payload)));
  }

  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
  encode(message: SideChannelMessage): Uint8Array {
    return encodeSideChannel(message, this.#maxMessageSize);
  }

  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; rejects as `Bus.publish` */
  publish(message: SideChannelMessage, channel: string = this.names[0]): Promise<void> {
    return this.#bus.publish(channel, this.encode(message));
  }
}
