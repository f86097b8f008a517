import anyTest, { type TestFn } from "ava";
import { launchRedis, type TestRedis } from "./redis.js";

/** AVA's `test`, with one Redis for all tests of the file, each of which has a channel of its own. */
export function testWithRedis(): TestFn<TestRedis> {
  const test = anyTest as TestFn<TestRedis>;
  let redis: TestRedis | undefined;
  test.before(async (t) => {
    redis = await launchRedis();
    t.context = redis;
  });
  test.after.always(() => redis?.kill());
  return test;
}
