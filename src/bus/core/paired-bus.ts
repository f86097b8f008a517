import { BrokerBus } from "./broker-bus.js";

/**
 * @internal A bus with one connection that publishes and another that listens: when it is ready, and when messages may
 * flow again after the loss of either.
 */
export abstract class PairedBus extends BrokerBus {
  /** Whether messages may be written: connected, and the others are back or have had their time. */
  #isFlowing = false;
  /** Counts connections of the publisher, so that what belongs to an earlier one is known as such. */
  #epoch = 0;
  /** The epoch for which `ready` was told. */
  #readyEpoch = 0;
  /** The epoch for which the others' return is being waited for. */
  #resumingEpoch = 0;
  #attempt = 0;

  /** Of all channels: one connection writes to every one of them. */
  protected abstract override flush(): void;
  /** Whether the publisher's connection is open at this moment. */
  protected abstract isPublisherOpen(): boolean;
  /** After a reconnect: gives the other hosts their time to listen again. Never rejects. */
  protected abstract othersBack(): Promise<void>;

  protected get isFlowing(): boolean {
    return this.#isFlowing;
  }

  protected isAway(): boolean {
    return this.#attempt > 0;
  }

  /** To be called when the publisher is open, before `resume()`. */
  protected publisherOpened(): void {
    this.#epoch += 1;
    this.#attempt = 0;
  }

  protected publisherLost(): void {
    this.#isFlowing = false;
    this.outbox.connectionLost();
  }

  /** `ready` is to be told anew when all is there again. */
  protected notReady(): void {
    this.#readyEpoch = 0;
  }

  protected reconnecting(delay: number): void {
    this.#attempt += 1;
    this.status.notify({ type: "reconnecting", attempt: this.#attempt, delay });
  }

  /** Of the listener, while the publisher does not tell of the same outage. */
  protected listenerReconnecting(delay: number): void {
    if (this.isPublisherOpen()) {
      this.reconnecting(delay);
    }
  }

  protected startFlowing(): void {
    this.#isFlowing = true;
    this.flush();
  }

  /** Lets messages flow once both connections are there, all subscriptions are answered and the others are back. */
  protected resume(): void {
    if (!this.isPublisherOpen() || !this.isAnswered) {
      return;
    }
    if (this.#readyEpoch !== this.#epoch) {
      this.#readyEpoch = this.#epoch;
      this.#attempt = 0;
      this.tellReady();
    }
    if (this.#isFlowing || this.#resumingEpoch === this.#epoch) {
      return;
    }
    const epoch = this.#epoch;
    this.#resumingEpoch = epoch;
    const others = epoch > 1 ? this.othersBack() : Promise.resolve();
    void others.then(() => {
      if (epoch === this.#epoch && this.isPublisherOpen()) {
        this.startFlowing();
      }
    });
  }
}
