import test from "ava";
import { isIndex, KeyWeigher } from "../../src/util/key-weigher.js";

/** The weight of each key, which follow each other in one object. */
function weigh(weigher: KeyWeigher, keys: readonly string[]): readonly number[] {
  let before = 0;
  return keys.map((key) => {
    const weight = weigher.weigh(Buffer.from(key), 0, key.length, before);
    before = weigher.sequence;
    return Math.round(weight);
  });
}

test("known keys weigh nothing in a known order, and what a new key does in another one", (t) => {
  const weigher = new KeyWeigher();
  t.deepEqual(weigh(weigher, ["a", "b", "c"]), [128, 128, 128]);
  t.deepEqual(weigh(weigher, ["a", "b", "c"]), [0, 0, 0]);
  t.deepEqual(weigh(weigher, ["a", "c", "b"]), [0, 128, 128]);
});

test("the same letters as other keys are another order", (t) => {
  const weigher = new KeyWeigher();
  weigh(weigher, ["ab", "c", "d"]);
  t.deepEqual(weigh(weigher, ["a", "bc", "d"]), [128, 128, 128]);
});

test("an index is what V8 takes for one: no leading zero, and less than 2^32 - 1", (t) => {
  const index = (key: string) => isIndex(Buffer.from(key), 0, key.length);
  t.deepEqual(["0", "7", "10", "999999999", "4294967294"].filter(index).length, 5);
  t.deepEqual(["", "00", "07", "-1", "1.5", "a", "4294967295", "5000000000", "12345678901"].filter(index), []);
});
