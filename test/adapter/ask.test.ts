import test from "ava";
import { Ask } from "../../src/adapter/ask.js";
import { PythonHosts } from "../../src/adapter/python-hosts.js";
import type { PythonHostsMode } from "../../src/options.js";

const [A, B] = ["a", "b"] as const;

function makeAsk(mode: PythonHostsMode, hosts: readonly string[] = [], isOne = false) {
  const told: unknown[] = [];
  const python = new PythonHosts(mode, () => 1);
  const ask = new Ask({
    hosts,
    isOne,
    python,
    onAnswer: (answer) => told.push(answer),
    onDone: (total) => told.push({ done: total }),
    onTimeout: () => told.push("timeout"),
  });
  return { ask, told, python };
}

test("it ends when every host has counted and everyone who is counted has answered", (t) => {
  const { ask, told } = makeAsk("never", [A, B]);
  ask.countOwn(1);
  ask.begin(undefined, 1);
  ask.count(A, 2);
  ask.answerCounted(A, 1, "a1");
  ask.answerOwn("own");
  ask.count(B, 0);
  t.deepEqual(told, ["a1", "own"]);
  ask.answerCounted(A, 2, "a2");
  t.deepEqual(told, ["a1", "own", "a2", { done: 3 }]);
  t.false(ask.answerCounted("stranger", 1, "late"));
  ask.expire();
  t.is(told.length, 4);
});

test("what comes twice after an outage counts once", (t) => {
  const { ask, told } = makeAsk("never", [A]);
  ask.begin(undefined, 1);
  ask.count(A, 2);
  ask.answerCounted(A, 1, "one");
  ask.count(A, 2);
  ask.answerCounted(A, 1, "one");
  ask.answerCounted(A, 2, "two");
  t.deepEqual(told, ["one", "two", { done: 2 }]);
});

test("a host that leaves is not waited for: neither for its count nor for its answers", (t) => {
  const { ask, told } = makeAsk("never", [A, B]);
  ask.begin(undefined, 1);
  ask.count(A, 5);
  ask.answerCounted(A, 1, "one");
  ask.left(A);
  t.deepEqual(told, ["one"]);
  ask.left(B);
  t.deepEqual(told, ["one", { done: 1 }]);
});

test("who is counted and does not answer is missed when the time is over", (t) => {
  const { ask, told } = makeAsk("always", [A]);
  ask.begin(undefined, 1);
  ask.count(A, 1);
  ask.expire();
  t.deepEqual(told, ["timeout"]);
});

test("who is not counted is waited for until the time is over, where a Python host may be", (t) => {
  for (const [readers, isAwaited] of [
    [3, true],
    [2, false],
    [undefined, false],
  ] as const) {
    const { ask, told } = makeAsk("auto", [A]);
    ask.count(A, 0);
    // This process and A are two.
    ask.begin(readers, 1);
    t.is(told.length === 0, isAwaited, String(readers));
    ask.answerUncounted("python");
    ask.expire();
    t.deepEqual(told, isAwaited ? ["python", { done: 1 }] : [{ done: 0 }]);
  }
});

test("where the broker does not count readers, a Python process that was heard is waited for", (t) => {
  const { ask, told, python } = makeAsk("auto");
  python.heardFrom("0123456789ab4def8123456789abcdef");
  ask.begin(undefined, 1);
  t.deepEqual(told, []);
  const other = makeAsk("auto");
  other.python.heardFrom("0123456789ab8def8123456789abcdef");
  other.python.heard(2 * 60 * 60 * 1_000);
  other.ask.begin(undefined, 1);
  t.deepEqual(other.told, [{ done: 0 }]);
});

test("one client ends with the one answer, whoever has it", (t) => {
  const onPython = makeAsk("always", [A], true);
  onPython.ask.answerUncounted("python");
  t.deepEqual(onPython.told, ["python", { done: 1 }]);
  const onNode = makeAsk("always", [A, B], true);
  onNode.ask.count(A, 1);
  onNode.ask.answerCounted(A, 1, "node");
  t.deepEqual(onNode.told, ["node"]);
  onNode.ask.count(B, 0);
  t.deepEqual(onNode.told, ["node", { done: 1 }]);
});

test("one client that no Node host has is waited for, unless Python can have it neither", (t) => {
  for (const [mode, readers, isAwaited] of [
    ["never", undefined, false],
    ["auto", 1, false],
    ["auto", 2, true],
    ["auto", undefined, true],
  ] as const) {
    const { ask, told } = makeAsk(mode, [], true);
    ask.begin(readers, 1);
    ask.expire();
    t.deepEqual(told, isAwaited ? ["timeout"] : [{ done: 0 }], `${mode} ${readers}`);
  }
});
