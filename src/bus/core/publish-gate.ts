import { debugLog } from "../../util/debug.js";
import type { BusCore } from "./bus-core.js";

const debug = debugLog("bus");

/** @internal The connection that publishes, as the gate sees it. */
export interface GatedPublisher {
  readonly isConnected: boolean;
  /** After a reconnect: gives other hosts time to subscribe again. Never rejects. */
  waitForOtherHosts(): Promise<void>;
  /** Sends what waits. */
  onGateOpened(): void;
}

/**
 * @internal For brokers that keep nothing for whoever is not subscribed, over one connection that publishes and another
 * that subscribes: when the bus is ready, and when messages may flow again after either was lost.
 */
export class PublishGate {
  readonly #core: BusCore;
  readonly #publisher: GatedPublisher;
  #isOpen = false;
  /** Counts connections of the publisher, so that what belongs to an earlier one is recognised. */
  #epoch = 0;
  /** The epoch for which `ready` or `refused` was reported, and for which channels. */
  #reportedEpoch = 0;
  #reportedRefusals = "";
  /** The epoch for which other hosts are awaited. */
  #awaitingEpoch = 0;
  #attempt = 0;

  constructor(core: BusCore, publisher: GatedPublisher) {
    this.#core = core;
    this.#publisher = publisher;
  }

  /** Whether messages may be sent: connected, and other hosts are back or had their time. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isPublisherConnected(): boolean {
    return this.#publisher.isConnected;
  }

  /** Whether an attempt to reconnect is under way. */
  get isAway(): boolean {
    return this.#attempt > 0;
  }

  publisherConnected(): void {
    this.#epoch += 1;
    this.#attempt = 0;
    this.openIfReady();
  }

  publisherLost(): void {
    this.#isOpen = false;
    this.#core.outbox.connectionLost();
  }

  publisherReconnecting(delay: number): void {
    this.#attempt += 1;
    if (!this.#isOpen) {
      this.#core.outbox.pause();
    }
    this.#core.status.notify({ type: "reconnecting", attempt: this.#attempt, delay });
  }

  /** `ready` is reported again once every subscription is answered. */
  subscriptionLost(): void {
    this.#reportedEpoch = 0;
  }

  /** While the publisher is disconnected too, it reports the same outage. */
  subscriberReconnecting(delay: number): void {
    if (this.#publisher.isConnected) {
      this.publisherReconnecting(delay);
    }
  }

  /** Call when the broker has granted or refused a subscription. */
  openIfReady(): void {
    if (!this.#publisher.isConnected || !this.#core.subscriptions.areAnswered) {
      return;
    }
    const refusals = this.#core.subscriptions.refused.join();
    if (this.#reportedEpoch !== this.#epoch || this.#reportedRefusals !== refusals) {
      this.#reportedEpoch = this.#epoch;
      this.#reportedRefusals = refusals;
      this.#attempt = 0;
      this.#core.connected();
    }
    if (!this.#isOpen && this.#awaitingEpoch !== this.#epoch) {
      this.#awaitingEpoch = this.#epoch;
      void this.#openAfterOtherHosts(this.#epoch);
    }
  }

  async #openAfterOtherHosts(epoch: number): Promise<void> {
    if (epoch > 1) {
      debug("holding back %d messages until other hosts are subscribed again", this.#core.outbox.size);
      await this.#publisher.waitForOtherHosts();
    }
    if (epoch === this.#epoch && this.#publisher.isConnected) {
      debug("messages flow; %d were waiting", this.#core.outbox.size);
      this.#isOpen = true;
      this.#core.outbox.resume();
      this.#publisher.onGateOpened();
    }
  }
}
