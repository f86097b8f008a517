import { LenientCopier } from "../protocol/side-channel/lenient-copy.js";
import type { SendWindow } from "./send-window.js";

/** Far below the largest message that any broker accepts, which for Kafka is a megabyte. */
const PART_BYTES = 256 * 1024;

/** A character that is counted as one byte may take three, and a message has more than its items. */
const SIZE_TOLERANCE = 4;

export interface PartsOptions<Item> {
  /** Makes of an item what is sent. */
  copy(item: Item, copier: LenientCopier): unknown;
  /**
   * Called at least once, unless it fails; `isLast` is set in the last call, if nothing failed. Resolves when the broker
   * has confirmed the part.
   */
  send(part: readonly unknown[], isLast: boolean): Promise<void>;
  /** Of the host: says when there is room for more. */
  readonly window: SendWindow;
  /** Bytes. */
  readonly maxMessageSize: number;
}

/**
 * Copies items and sends them in parts, so that their number is not limited by the largest message. What is nearly as
 * large as that goes alone, so that it takes no other item with it if it turns out to be larger.
 *
 * Resolves when the last part is published. An item that cannot be sent costs no other: it rejects at the end.
 *
 * @throws Error rejects with what `copy` and `send` throw; with what `send` and `SendWindow.room` reject with, at once
 */
export async function sendInParts<Item>(items: readonly Item[], options: PartsOptions<Item>): Promise<void> {
  const { copy, send, window, maxMessageSize } = options;
  const partBytes = Math.min(PART_BYTES, maxMessageSize / SIZE_TOLERANCE);
  const failures: unknown[] = [];
  let isLost = false;
  let part: unknown[] = [];
  let size = 0;

  const attempt = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      failures.push(error);
    }
  };

  const post = (isLast: boolean): void =>
    attempt(() => {
      const [sent, bytes] = [part, size];
      part = [];
      size = 0;
      const published = send(sent, isLast);
      published.catch((error) => {
        isLost = true;
        failures.push(error);
      });
      window.add(bytes, published);
    });

  for (const item of items) {
    attempt(() => {
      const copier = new LenientCopier();
      const copied = copy(item, copier);
      if (part.length > 0 && size + copier.size > partBytes) {
        post(false);
      }
      part.push(copied);
      size += copier.size;
    });
    // Others that waited may have filled it again.
    for (let hasWaited = false; window.isFull; hasWaited = true) {
      await window.room(hasWaited);
    }
    if (isLost) {
      break;
    }
  }
  if (part.length > 0 || failures.length === 0) {
    post(failures.length === 0);
  }
  if (failures.length > 0) {
    throw failures[0];
  }
}
