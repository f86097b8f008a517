import test from "ava";
import { ExpectedAnswers } from "../../src/adapter/answers.js";

/** What socket.io's BroadcastOperator would see. */
function watch() {
  const seen: (string | number)[] = [];
  const answers = new ExpectedAnswers(
    (count) => seen.push(count),
    (answer) => seen.push(String(answer)),
  );
  return { answers, seen };
}

test("one client elsewhere is counted at once", (t) => {
  const { answers, seen } = watch();
  answers.expectLocal(0);
  answers.expectRemote();
  answers.fromRemote("a");
  t.deepEqual(seen, [1, "a"]);
});

test("the answers of a room are counted when the time is over", (t) => {
  const { answers, seen } = watch();
  answers.expectLocal(1);
  answers.fromRemote("a");
  answers.fromLocal("b");
  answers.fromRemote("c");
  answers.end();
  t.deepEqual(seen, ["a", "b", "c", 3]);
});

test("own clients that are late still count, until socket.io gives up", (t) => {
  const { answers, seen } = watch();
  answers.expectLocal(2);
  answers.fromLocal("a");
  answers.end();
  t.deepEqual(seen, ["a"]);
  answers.fromLocal("b");
  t.deepEqual(seen, ["a", "b", 2]);
});
