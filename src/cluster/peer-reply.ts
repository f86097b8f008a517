import type { LenientCopier } from "../protocol/side-channel/lenient-copy.js";
import { quote } from "../util/quote.js";
import { sendInParts } from "./send-in-parts.js";
import type { SendWindow } from "./send-window.js";

/** Characters, so that the error itself is never too large. */
const MAX_ERROR_LENGTH = 200;

export interface PeerReplyOptions {
  /** Resolves when the broker has confirmed it. @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the side channel cannot carry */
  publish(part: ReplyPart): Promise<void>;
  readonly window: SendWindow;
  /** Bytes. */
  readonly maxMessageSize: number;
}

/** What a part of a reply says, besides whom it is for. */
export interface ReplyPart {
  readonly items: readonly unknown[];
  /** Counts from 0. */
  readonly part: number;
  readonly isLast: boolean;
  /** Why items are missing. */
  readonly error?: string | undefined;
}

/**
 * The reply to one request of another Node host, in as many parts as it takes. That host waits until it has the last
 * part, so every request is ended, also one that fails.
 */
export class PeerReply {
  readonly #options: PeerReplyOptions;
  #parts = 0;
  #hasEnded = false;

  constructor(options: PeerReplyOptions) {
    this.#options = options;
  }

  /** All of it. Does nothing once the last part is sent. @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; nothing was sent then */
  send(items: readonly unknown[]): void {
    this.#send({ items, isLast: true });
  }

  /** As fast as the broker takes them. @throws Error rejects as `sendInParts`; all items that can be sent were */
  sendAll<Item>(items: readonly Item[], copy: (item: Item, copier: LenientCopier) => unknown): Promise<void> {
    const send = (part: readonly unknown[], isLast: boolean) => this.#publish({ items: part, isLast });
    return sendInParts(items, { ...this.#options, copy, send });
  }

  /** Without further items. */
  end(): void {
    this.send([]);
  }

  /** Without further items, though there are some: the request of the other host rejects. */
  fail(error: unknown): void {
    const message = error instanceof Error ? error.message : quote(error);
    this.#send({ items: [], isLast: true, error: message.slice(0, MAX_ERROR_LENGTH) });
  }

  #send(part: Omit<ReplyPart, "part">): void {
    // The bus reports what it drops.
    this.#publish(part).catch(() => {});
  }

  #publish(part: Omit<ReplyPart, "part">): Promise<void> {
    if (this.#hasEnded) {
      return Promise.resolve();
    }
    const published = this.#options.publish({ ...part, part: this.#parts });
    this.#parts += 1;
    this.#hasEnded = part.isLast;
    return published;
  }
}
