import type { BridgeError } from "../../errors.js";
import { Listeners } from "../../util/listeners.js";
import { reasonKey } from "../../util/reason-key.js";
import type { BusStatus } from "../bus.js";

/** Most reasons that are remembered; there are few, unless the broker's own words differ each time. */
const MAX_REPORTED = 100;

/** Tells the listeners of a bus what happens to it. */
export class StatusReporter {
  readonly #listeners = new Listeners<BusStatus>();
  readonly #reported = new Set<string>();
  #areErrorsMuted = false;

  add(listener: (status: BusStatus) => void): () => void {
    return this.#listeners.add(listener);
  }

  notify(status: BusStatus): void {
    this.#listeners.notify(status);
  }

  error(error: BridgeError): void {
    if (!this.#areErrorsMuted) {
      this.notify({ type: "error", error });
    }
  }

  /** The same reason is reported once until `forgetErrors()`, whatever addresses and numbers are in it. */
  errorOnce(error: BridgeError): void {
    const key = reasonKey(error.message);
    if (this.#reported.has(key)) {
      return;
    }
    if (this.#reported.size >= MAX_REPORTED) {
      this.#reported.clear();
    }
    this.#reported.add(key);
    this.error(error);
  }

  forgetErrors(): void {
    this.#reported.clear();
  }

  /** Whoever closes a bus does not want to know what fails from then on. */
  muteErrors(): void {
    this.#areErrorsMuted = true;
  }
}
