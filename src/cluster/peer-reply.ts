import type { LenientCopier } from "../protocol/side-channel/lenient-copy.js";
import { sendInParts } from "./send-in-parts.js";

/** Characters, so that the error itself is never too large. */
const MAX_ERROR_LENGTH = 200;

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
  readonly #publish: (part: ReplyPart) => void;
  readonly #maxMessageSize: number;
  #parts = 0;
  #hasEnded = false;

  /**
   * @param publish - throws BridgeError `BRIDGE_INVALID_ARGUMENT` for what the side channel cannot carry
   * @param maxMessageSize - bytes
   */
  constructor(publish: (part: ReplyPart) => void, maxMessageSize: number) {
    this.#publish = publish;
    this.#maxMessageSize = maxMessageSize;
  }

  /** Does nothing once the last part is sent. @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; nothing was sent then */
  send(items: readonly unknown[], isLast: boolean): void {
    this.#send({ items, isLast });
  }

  /** All items. @throws BridgeError `BRIDGE_INVALID_ARGUMENT` for one that is too large; those before it were sent */
  sendAll<Item>(items: readonly Item[], copy: (item: Item, copier: LenientCopier) => unknown): void {
    sendInParts(items, copy, (part, isLast) => this.send(part, isLast), this.#maxMessageSize);
  }

  /** Without further items. */
  end(): void {
    this.send([], true);
  }

  /** Without further items, though there are some: the request of the other host rejects. */
  fail({ message }: Error): void {
    this.#send({ items: [], isLast: true, error: message.slice(0, MAX_ERROR_LENGTH) });
  }

  #send(part: Omit<ReplyPart, "part">): void {
    if (!this.#hasEnded) {
      this.#publish({ ...part, part: this.#parts });
      this.#parts += 1;
      this.#hasEnded = part.isLast;
    }
  }
}
