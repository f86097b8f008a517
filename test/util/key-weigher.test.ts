import test from "ava";
import { isIndex } from "../../src/util/key-weigher.js";

test("an index is what V8 takes for one: no leading zero, and less than 2^32 - 1", (t) => {
  const index = (key: string) => isIndex(Buffer.from(key), 0, key.length);
  t.deepEqual(["0", "7", "10", "999999999", "4294967294"].filter(index).length, 5);
  t.deepEqual(["", "00", "07", "-1", "1.5", "a", "4294967295", "5000000000", "12345678901"].filter(index), []);
});
