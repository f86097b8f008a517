import { BridgeError } from "../../errors.js";
import type { BusCore } from "../core/bus-core.js";
import type { RetryFailure } from "../core/retry-loop.js";
import { KafkaFailure } from "./connection.js";

/** A topic that was just created, or moves to another broker, is reported from this attempt on. */
const LASTING_ATTEMPTS = 5;

const MOVES: readonly (string | undefined)[] = [
  "LEADER_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "UNKNOWN_TOPIC_OR_PARTITION",
];

/** When a bus over Kafka is ready, and when it is not: both producer and consumers report here. */
export class KafkaAvailability {
  readonly #core: BusCore;
  #isProducerConnected = false;
  /** Whether `ready` or `refused` was reported since the last outage, and for which channels. */
  #isReported = false;
  #reportedRefusals = "";
  /** Told since then. Each connection counts its own attempts, and any of them may be the first to notice. */
  #attempts = 0;
  /** Whether the producer was connected after the last failure of it. */
  #hasConnected = false;
  #isAway = false;

  constructor(core: BusCore) {
    this.#core = core;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  producerConnected(): void {
    this.#isProducerConnected = true;
    this.#isAway = false;
    this.#hasConnected = true;
    this.reportIfReady();
  }

  producerLost(): void {
    this.#isProducerConnected = false;
  }

  producerFailed(failure: RetryFailure): void {
    this.#isAway = true;
    if (this.#hasConnected && this.#attempts > 1) {
      // Another outage, before the consumers had come back from the first.
      this.#attempts = 0;
    }
    this.#hasConnected = false;
    this.#core.outbox.pause();
    this.#onFailure(failure);
  }

  /** While the producer is disconnected too, it reports the same outage. */
  consumerFailed(failure: RetryFailure): void {
    if (this.#isProducerConnected) {
      this.#onFailure(failure);
    }
  }

  /** `ready` is reported again once the connections are replaced. */
  notReady(): void {
    this.#isReported = false;
  }

  /** Call when the broker has granted or refused a subscription. */
  reportIfReady(): void {
    const { areAnswered, refused } = this.#core.subscriptions;
    const refusals = refused.join();
    if (this.#isProducerConnected && areAnswered && !(this.#isReported && this.#reportedRefusals === refusals)) {
      this.#isReported = true;
      this.#reportedRefusals = refusals;
      this.#attempts = 0;
      this.#core.connected();
    }
  }

  #onFailure({ error: cause, attempt, delay }: RetryFailure): void {
    if (cause instanceof KafkaFailure && MOVES.includes(cause.id) && attempt < LASTING_ATTEMPTS) {
      return;
    }
    this.#isReported = false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#core.status.errorOnce(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", reason, { cause }));
    if (attempt > this.#attempts) {
      this.#attempts = attempt;
      this.#core.status.notify({ type: "reconnecting", attempt, delay });
    }
  }
}
