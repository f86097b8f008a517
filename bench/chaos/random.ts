import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Draws that depend on the seed alone. */
export interface Random {
  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number;
  /** As many below the geometric mean as above: small values are frequent, and every magnitude occurs. */
  logUniform(least: number, most: number): number;
  /** Time until the next of events that are independent of each other. */
  exponential(mean: number): number;
  chance(probability: number): boolean;
  /** @throws RangeError if there is none */
  one<Item>(items: readonly Item[]): Item;
}

export function randomOf(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const unit = () => uniformFloat64(generator);
  return {
    whole: (least, most) => uniformInt(generator, least, most),
    logUniform: (least, most) => Math.round(least * (most / least) ** unit()),
    exponential: (mean) => -Math.log(1 - unit()) * mean,
    chance: (probability) => unit() < probability,
    one: (items) => {
      if (items.length === 0) {
        throw new RangeError("nothing to choose from");
      }
      return items[uniformInt(generator, 0, items.length - 1)] as (typeof items)[number];
    },
  };
}
