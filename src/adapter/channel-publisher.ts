import type { Bus } from "../bus/bus.js";
import { createEmitEncoder, createEncoder, type Encode, type Encoding } from "../protocol/encoders.js";
import type { Dialect } from "../protocol/model/dialect.js";
import type { EncodedEmit, OutgoingEmit, OutgoingMessage } from "../protocol/model/outgoing.js";
import type { Reporter } from "./reporting/reporter.js";

export interface PublisherOptions {
  readonly bus: Bus;
  /** Of the fleet. */
  readonly channel: string;
  readonly encoding: Encoding;
  readonly dialect: Dialect;
  /** Bytes. */
  readonly maxMessageSize: number;
  readonly reporter: Reporter;
}

/** Puts a host's messages on the fleet's channel, in order. The bus reports what it drops, so nobody waits for it. */
export class ChannelPublisher {
  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encode: Encode;
  /** With what own clients get as well. @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  readonly encodeEmit: (message: OutgoingEmit) => EncodedEmit;
  readonly #bus: Bus;
  readonly #channel: string;
  readonly #onPublished: () => void;
  #isClosed = false;

  constructor({ bus, channel, reporter, ...format }: PublisherOptions) {
    this.#bus = bus;
    this.#channel = channel;
    this.encode = createEncoder(format);
    this.encodeEmit = createEmitEncoder(format);
    this.#onPublished = () => reporter.count("published");
  }

  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the channel cannot carry */
  publish(message: OutgoingMessage): void {
    this.publishEncoded(this.encode(message));
  }

  publishEncoded(payload: Uint8Array | string): void {
    if (!this.#isClosed) {
      this.#bus.publish(this.#channel, payload).then(this.#onPublished, ignore);
    }
  }

  /** Nothing is published from then on. */
  close(): void {
    this.#isClosed = true;
  }
}

/** The bus has reported it. */
function ignore(): void {}
