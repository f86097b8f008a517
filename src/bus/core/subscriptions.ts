import type { BridgeError } from "../../errors.js";
import { alreadySubscribed } from "../bus.js";

type OnMessage = (payload: Uint8Array) => void;

/** On the present connection. */
export type SubscriptionState = "pending" | "active" | "refused";

interface Subscription {
  readonly onMessage: OnMessage;
  state: SubscriptionState;
  /** From then on a refusal is an event, and no answer to `subscribe()`. */
  wasActive: boolean;
  resolve(): void;
  reject(error: BridgeError): void;
}

/** The channels of a bus, and what the broker said about each. */
export class Subscriptions {
  readonly #byChannel = new Map<string, Subscription>();
  /** Refused when they were first asked for, and not asked for again. */
  readonly #denied = new Set<string>();

  /** Resolves when the subscription is active for the first time. */
  add(channel: string, onMessage: OnMessage): Promise<void> {
    if (this.#byChannel.has(channel)) {
      return Promise.reject(alreadySubscribed(channel));
    }
    this.#denied.delete(channel);
    return new Promise<void>((resolve, reject) => {
      this.#byChannel.set(channel, { onMessage, state: "pending", wasActive: false, resolve, reject });
    });
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  get channels(): readonly string[] {
    return [...this.#byChannel.keys()];
  }

  stateOf(channel: string): SubscriptionState | undefined {
    return this.#byChannel.get(channel)?.state;
  }

  get areAnswered(): boolean {
    return [...this.#byChannel.values()].every(({ state }) => state !== "pending");
  }

  /** The channels that the broker refuses. */
  get refused(): readonly string[] {
    const since = [...this.#byChannel].filter(([, { state }]) => state === "refused").map(([channel]) => channel);
    return [...this.#denied, ...since];
  }

  deliver(channel: string, payload: Uint8Array): void {
    this.#byChannel.get(channel)?.onMessage(payload);
  }

  /** @returns false if it is gone meanwhile */
  activate(channel: string): boolean {
    const subscription = this.#byChannel.get(channel);
    if (subscription === undefined) {
      return false;
    }
    subscription.state = "active";
    subscription.wasActive = true;
    subscription.resolve();
    return true;
  }

  /** @returns whether it was active */
  lose(channel: string): boolean {
    const subscription = this.#byChannel.get(channel);
    const wasActive = subscription?.state === "active";
    if (subscription !== undefined) {
      subscription.state = "pending";
    }
    return wasActive;
  }

  /** @returns whether it is kept, because it was active before */
  refuse(channel: string, error: BridgeError): boolean {
    const subscription = this.#byChannel.get(channel);
    if (subscription?.wasActive) {
      subscription.state = "refused";
      return true;
    }
    this.#byChannel.delete(channel);
    this.#denied.add(channel);
    subscription?.reject(error);
    return false;
  }

  /** Those that were never active reject. */
  close(error: BridgeError): void {
    for (const { reject } of this.#byChannel.values()) {
      reject(error);
    }
  }
}
