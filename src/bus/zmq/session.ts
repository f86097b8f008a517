import { randomUUID } from "node:crypto";
import { BridgeError } from "../../errors.js";
import { atMost } from "../../util/at-most.js";
import { pause } from "../../util/pause.js";
import { brokerError } from "../core/broker-error.js";
import type { BusCore } from "../core/bus-core.js";
import type { Entry, OutgoingMessage } from "../core/outbox.js";
import { isProbe, packMessage, packProbe, unpackMessage } from "./envelope.js";
import { CONNECT_MS, checkReachable, MAX_MESSAGE, nameOf, openLink, type ZeroMq, type ZmqLink } from "./link.js";
import type { ZmqAddress } from "./url.js";

/**
 * Most messages that are on their way at a time. A PUB socket drops what it sends to a subscriber for which 1,000 are
 * waiting, unless its owner has set another mark; and other senders share it.
 */
const WINDOW = 250;

/** How often to try whether own messages come back yet, in milliseconds. */
const PROBE_MS = 50;

interface Sent {
  readonly number: number;
  readonly entry: Entry;
}

/**
 * One connection to the forwarder. ZeroMQ confirms neither a subscription nor a message, so what comes back proves both:
 * a forwarder takes the messages of a connection in order, and passes them on in order. What ZeroMQ drops on the way back
 * leaves a gap in their numbers.
 */
export class ZmqSession {
  readonly #core: BusCore;
  readonly #zmq: ZeroMq;
  readonly #address: ZmqAddress;
  readonly #id = randomUUID().replaceAll("-", "");
  readonly #probe = packProbe(this.#id);
  readonly #end = new AbortController();
  #link: ZmqLink | undefined;
  /** Aborted when own messages come back. */
  readonly #proof = new AbortController();
  /** Whether other hosts are there too, so that the outbox may be sent. */
  #isOpen = false;
  #isSending = false;
  /** They do not wait for room. */
  #heartbeats: OutgoingMessage[] = [];
  /** Taken from the outbox; from this index on not sent yet. */
  #taken: Entry[] = [];
  #nextTaken = 0;
  /** In order. */
  #sent: Sent[] = [];
  #lastNumber = 0;
  #lastReturned = 0;

  constructor(core: BusCore, zmq: ZeroMq, address: ZmqAddress) {
    this.#core = core;
    this.#zmq = zmq;
    this.#address = address;
  }

  /**
   * The whole life of it. Rejects with the reason for its end.
   *
   * @param onProven - called when messages come back
   */
  async run(onProven: () => void): Promise<void> {
    const { signal } = this.#end;
    try {
      await checkReachable(this.#address, signal);
      this.#link = openLink(this.#zmq, this.#address, {
        onMessage: (message) => this.#onMessage(message),
        onLost: (reason) => this.end(reason),
      });
      await this.#prove(this.#link);
      signal.throwIfAborted();
      onProven();
      signal.throwIfAborted();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    } catch (cause) {
      this.end(cause instanceof BridgeError ? cause : brokerError(nameOf(this.#address), cause as Error));
    } finally {
      this.#link?.close();
    }
    throw signal.reason;
  }

  end(reason: Error): void {
    this.#end.abort(reason);
  }

  /** Sends what the outbox holds, as far as there is room for it; more as messages come back. */
  flush(): void {
    this.#isOpen = true;
    this.#take();
    void this.#send();
  }

  sendHeartbeat(heartbeat: OutgoingMessage): void {
    this.#heartbeats.push(heartbeat);
    void this.#send();
  }

  /** A subscription is active some time after its connection is made, and ZeroMQ does not say when. */
  async #prove(link: ZmqLink): Promise<void> {
    const { signal } = this.#end;
    const probe = async () => {
      while (!this.#proof.signal.aborted && !signal.aborted) {
        await link.send(this.#probe);
        await pause(PROBE_MS, AbortSignal.any([this.#proof.signal, signal]));
      }
    };
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    // ZeroMQ takes nothing before it is connected, however long that lasts.
    await atMost(CONNECT_MS, Promise.race([probe(), ended]));
    signal.throwIfAborted();
    if (!this.#proof.signal.aborted) {
      const reason = `what is sent to it does not come back from port ${this.#address.subscribePort}`;
      throw brokerError(nameOf(this.#address), new Error(reason));
    }
  }

  #onMessage(message: Buffer): void {
    if (isProbe(message)) {
      if (message.equals(this.#probe)) {
        this.#proof.abort();
      }
      return;
    }
    const unpacked = unpackMessage(message);
    if (unpacked === undefined) {
      const text = `${nameOf(this.#address)} passed on what no ZmqManager of python-socketio 5.14 or later has sent`;
      this.#core.status.errorOnce(new BridgeError("BRIDGE_MESSAGE_DROPPED", text));
      return;
    }
    const { channel, origin, payload } = unpacked;
    this.#core.received(channel, payload);
    if (origin?.session === this.#id) {
      this.#onReturned(origin.number);
    }
  }

  /** The forwarder has it, and all that was sent before. */
  #onReturned(number: number): void {
    if (number > this.#lastReturned + 1) {
      const text = `${nameOf(this.#address)} drops messages to this host, which reads too slowly: own ones, and so others too`;
      this.#core.status.errorOnce(new BridgeError("BRIDGE_MESSAGE_DROPPED", text));
    }
    this.#lastReturned = Math.max(number, this.#lastReturned);
    for (let [sent] = this.#sent; sent !== undefined && sent.number <= number; [sent] = this.#sent) {
      this.#sent.shift();
      this.#core.outbox.confirm(sent.entry);
    }
    this.#take();
    void this.#send();
  }

  /** Also what the outbox held back while nothing came back. */
  #take(): void {
    for (const entry of this.#isOpen ? this.#core.outbox.take() : []) {
      this.#taken.push(entry);
    }
  }

  /** ZeroMQ takes one message after the other, and lets the second wait while it has no room for the first. */
  async #send(): Promise<void> {
    if (this.#isSending || !this.#proof.signal.aborted) {
      return;
    }
    this.#isSending = true;
    try {
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        await this.#link?.send(next);
      }
    } catch (cause) {
      this.end(brokerError(nameOf(this.#address), cause as Error));
    } finally {
      this.#isSending = false;
    }
  }

  #next(): Buffer | undefined {
    const heartbeat = this.#heartbeats.shift();
    if (heartbeat !== undefined) {
      return this.#pack(heartbeat);
    }
    for (let entry = this.#nextEntry(); entry !== undefined; entry = this.#nextEntry()) {
      const message = this.#pack(entry);
      if (message.byteLength <= MAX_MESSAGE) {
        this.#sent.push({ number: this.#lastNumber, entry });
        return message;
      }
      this.#lastNumber -= 1;
      const reason = `a message of ${message.byteLength} bytes for "${entry.channel}" is larger than ${MAX_MESSAGE}`;
      this.#core.outbox.refuse(entry, new BridgeError("BRIDGE_BROKER_UNAVAILABLE", reason));
    }
    return undefined;
  }

  #nextEntry(): Entry | undefined {
    const entry = this.#taken[this.#nextTaken];
    if (entry === undefined) {
      this.#taken = [];
      this.#nextTaken = 0;
    } else if (this.#sent.length < WINDOW) {
      this.#nextTaken += 1;
      return entry;
    }
    return undefined;
  }

  #pack({ channel, payload }: OutgoingMessage): Buffer {
    this.#lastNumber += 1;
    return packMessage(channel, this.#id, this.#lastNumber, payload);
  }
}
