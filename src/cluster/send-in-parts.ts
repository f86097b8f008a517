import { LenientCopier } from "../protocol/side-channel/lenient-copy.js";

/** Far below the largest message that any broker accepts, which for Kafka is a megabyte. */
const PART_BYTES = 256 * 1024;

/** A character that is counted as one byte may take three, and a message has more than its items. */
const SIZE_TOLERANCE = 4;

/**
 * Copies items and sends them in parts, so that their number is not limited by the largest message. What is nearly as
 * large as that goes alone, so that it takes no other item with it if it turns out to be larger.
 *
 * @param copy - makes of an item what is sent
 * @param send - called at least once; `isLast` is set in the last call
 * @param maxMessageSize - bytes
 */
export function sendInParts<Item>(
  items: readonly Item[],
  copy: (item: Item, copier: LenientCopier) => unknown,
  send: (part: readonly unknown[], isLast: boolean) => void,
  maxMessageSize: number,
): void {
  const partBytes = Math.min(PART_BYTES, maxMessageSize / SIZE_TOLERANCE);
  let size = 0;
  let part: unknown[] = [];
  for (const item of items) {
    const copier = new LenientCopier();
    const copied = copy(item, copier);
    if (part.length > 0 && size + copier.size > partBytes) {
      send(part, false);
      part = [];
      size = 0;
    }
    part.push(copied);
    size += copier.size;
  }
  send(part, true);
}
