import { LenientCopier } from "../protocol/side-channel/lenient-copy.js";

/** Far below the largest message that any broker accepts. */
const PART_BYTES = 1024 * 1024;

/**
 * Copies items and sends them in parts, so that their number is not limited by the broker's largest message.
 *
 * @param copy - makes of an item what is sent
 * @param send - called at least once; `isLast` is set in the last call
 */
export function sendInParts<Item>(
  items: readonly Item[],
  copy: (item: Item, copier: LenientCopier) => unknown,
  send: (part: readonly unknown[], isLast: boolean) => void,
): void {
  let copier = new LenientCopier();
  let part: unknown[] = [];
  for (const item of items) {
    if (copier.size >= PART_BYTES) {
      send(part, false);
      part = [];
      copier = new LenientCopier();
    }
    part.push(copy(item, copier));
  }
  send(part, true);
}
