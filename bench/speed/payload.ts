/** The two fields that are overwritten in each copy of a recorded message. Nothing else in it looks like them. */
export const NUMBER_FIELD = "#0000000n#";
export const TIME_FIELD = "#000000000000000t#";

/** Digits of each field. */
export const NUMBER_WIDTH = NUMBER_FIELD.length;
export const TIME_WIDTH = TIME_FIELD.length;

export const EVENT = "message";

export type Item = Readonly<Record<string, unknown>>;

export interface Payload {
  readonly n: string;
  readonly t: string;
  readonly [key: string]: unknown;
}

const CITIES = ["Lisboa", "Lyon", "Zürich", "Praha", "Athens", "Oslo", "Dublin", "Utrecht"];

const NOTES = [
  "Please ring twice and leave the parcel with the neighbour on the second floor if nobody answers.",
  'Gift wrapping with the blue paper; the card should say: "Happy birthday, see you in summer!"',
  "The last one arrived with a crack in the lid, so kindly check the box before it leaves the house.",
];

/** A line of an order, about 240 bytes: text, some of it beyond ASCII and with quotes, numbers, a list, an object. */
function item(index: number): Item {
  return {
    id: 100_000 + index * 7,
    name: `Storage box with lid, oak, ${20 + (index % 60)} litres`,
    price: Math.round(((index * 7_919) % 100_000) + 50) / 100,
    inStock: index % 3 !== 0,
    city: CITIES[index % CITIES.length],
    tags: ["sale", `tier-${index % 5}`],
    size: { w: 12 + (index % 40), h: 8.5, d: null },
    note: NOTES[index % NOTES.length],
  };
}

const length = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * An object of exactly that many bytes of JSON: an order with its lines, not one long string. A note at its end, shorter
 * than a line of the order, fills it up to the size.
 *
 * @param bytes - at least 70
 */
export function payloadOf(bytes: number): Payload {
  const head = { n: NUMBER_FIELD, t: TIME_FIELD };
  const items: Item[] = [];
  let size = length({ ...head, items, note: "" });
  for (let index = 0; ; index += 1) {
    const next = length(item(index)) + (index > 0 ? 1 : 0);
    if (size + next > bytes) {
      break;
    }
    items.push(item(index));
    size += next;
  }
  return { ...head, items, note: "x".repeat(Math.max(0, bytes - size)) };
}
