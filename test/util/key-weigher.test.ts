import test from "ava";
import { isIndex, KeyWeigher } from "../../src/util/key-weigher.js";
import { MANY_KINDS, WEIGHT } from "../../src/util/weight.js";

/** The weight of each key, which follow each other in one object. */
function weigh(weigher: KeyWeigher, keys: readonly string[], isInTable = false): readonly number[] {
  let before = 0;
  return keys.map((key) => {
    const weight = weigher.weigh(Buffer.from(key), 0, key.length, before, isInTable);
    before = weigher.sequence;
    return Math.round(weight);
  });
}

const { newKey, knownKey, tableKey, newTableKey } = WEIGHT;

test("known keys weigh nothing in a known order, and what a new key does in another one", (t) => {
  const weigher = new KeyWeigher();
  t.deepEqual(weigh(weigher, ["a", "b", "c"]), [newKey, newKey, newKey]);
  t.deepEqual(weigh(weigher, ["a", "b", "c"]), [0, 0, 0]);
  t.deepEqual(weigh(weigher, ["a", "c", "b"]), [0, newKey, newKey]);
});

test("the same letters as other keys are another order", (t) => {
  const weigher = new KeyWeigher();
  weigh(weigher, ["ab", "c", "d"]);
  t.deepEqual(weigh(weigher, ["a", "bc", "d"]), [newKey, newKey, newKey]);
});

test("in a table the order is no matter, and each key weighs", (t) => {
  const weigher = new KeyWeigher();
  t.deepEqual(weigh(weigher, ["a", "b"], true), [newTableKey, newTableKey]);
  t.deepEqual(weigh(weigher, ["b", "a"], true), [tableKey, tableKey]);
});

test("a known key weighs among many kinds of objects", (t) => {
  const weigher = new KeyWeigher();
  weigh(weigher, ["a", "b"]);
  for (let index = 0; index < 2 * MANY_KINDS; index += 1) {
    weigh(weigher, [`k${index}`]);
  }
  t.deepEqual(weigh(weigher, ["a", "b"]), [knownKey, knownKey]);
});

test("an index is what V8 takes for one: no leading zero, and less than 2^32 - 1", (t) => {
  const index = (key: string) => isIndex(Buffer.from(key), 0, key.length);
  t.deepEqual(["0", "7", "10", "999999999", "4294967294"].filter(index).length, 5);
  t.deepEqual(["", "00", "07", "-1", "1.5", "a", "4294967295", "5000000000", "12345678901"].filter(index), []);
});
