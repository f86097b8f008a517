import { quote } from "./quote.js";

interface Registration<T> {
  readonly listener: (value: T) => void;
}

/**
 * Listeners of the application for one kind of event.
 *
 * As with an `EventEmitter`, a function that is registered twice is called twice. One that throws affects nobody else: see
 * `callApplication`.
 */
export class Listeners<T> {
  readonly #registrations = new Set<Registration<T>>();
  readonly #onThrown: (error: unknown) => void;

  /** @param onThrown - gets what a listener throws; as in `callApplication` */
  constructor(onThrown?: (error: unknown) => void) {
    this.#onThrown = onThrown ?? warnOfThrown;
  }

  get size(): number {
    return this.#registrations.size;
  }

  /** @returns a function that removes this registration, and no other of the same listener */
  add(listener: (value: T) => void): () => void {
    const registration = { listener };
    this.#registrations.add(registration);
    return () => {
      this.#registrations.delete(registration);
    };
  }

  /** Calls who is registered now; of these, nobody who is removed meanwhile. */
  notify(value: T): void {
    for (const registration of [...this.#registrations]) {
      if (this.#registrations.has(registration)) {
        callApplication(() => registration.listener(value), this.#onThrown);
      }
    }
  }
}

/**
 * Calls code of the application. What it throws is reported: whoever can send a message must not be able to end the
 * process with it, and it must not propagate into the connection that happened to deliver the message, which would lose the
 * next one.
 *
 * @param onThrown - a warning of the process by default
 */
export function callApplication(call: () => void, onThrown: (error: unknown) => void = warnOfThrown): void {
  try {
    call();
  } catch (error) {
    onThrown(error);
  }
}

function warnOfThrown(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : quote(error));
}

/** One line: what was thrown, and where. */
export function describeThrown(error: unknown): string {
  const { message, stack } = error instanceof Error ? error : { message: error, stack: undefined };
  const where = /\n {4}(at [^\n]{1,200})/.exec(String(stack).slice(0, 10_000))?.[1];
  return where === undefined ? quote(message) : `${quote(message)} (${where})`;
}
