import test from "ava";
import { AckCollector } from "../../src/cluster/ack-collector.js";
import { PythonHosts, type PythonHostsMode } from "../../src/cluster/python-hosts.js";

const [A, B] = ["a", "b"] as const;

function makeAsk(mode: PythonHostsMode, hosts: readonly string[] = [], isOne = false) {
  const told: unknown[] = [];
  const python = new PythonHosts(mode, () => 1);
  const ask = new AckCollector({
    peers: hosts,
    isSingleClient: isOne,
    pythonHosts: python,
    onAck: (answer) => told.push(answer),
    onDone: (total) => told.push({ done: total }),
    onTimeout: () => told.push("timeout"),
  });
  return { ask, told, python };
}

test("it ends when every host has counted and everyone who is counted has answered", (t) => {
  const { ask, told } = makeAsk("never", [A, B]);
  ask.expectOwn(1);
  ask.start(undefined, 1);
  ask.expectFromPeer(A, 2);
  ask.addPeerAck(A, 1, "a1");
  ask.addOwnAck("own");
  ask.expectFromPeer(B, 0);
  t.deepEqual(told, ["a1", "own"]);
  ask.addPeerAck(A, 2, "a2");
  t.deepEqual(told, ["a1", "own", "a2", { done: 3 }]);
  t.false(ask.addPeerAck("stranger", 1, "late"));
  ask.expire();
  t.is(told.length, 4);
});

test("what comes twice after an outage counts once", (t) => {
  const { ask, told } = makeAsk("never", [A]);
  ask.start(undefined, 1);
  ask.expectFromPeer(A, 2);
  ask.addPeerAck(A, 1, "one");
  ask.expectFromPeer(A, 2);
  ask.addPeerAck(A, 1, "one");
  ask.addPeerAck(A, 2, "two");
  t.deepEqual(told, ["one", "two", { done: 2 }]);
});

test("a host that leaves is not waited for: neither for its count nor for its answers", (t) => {
  const { ask, told } = makeAsk("never", [A, B]);
  ask.start(undefined, 1);
  ask.expectFromPeer(A, 5);
  ask.addPeerAck(A, 1, "one");
  ask.peerLeft(A);
  t.deepEqual(told, ["one"]);
  ask.peerLeft(B);
  t.deepEqual(told, ["one", { done: 1 }]);
});

test("who is counted and does not answer is missed when the time is over", (t) => {
  const { ask, told } = makeAsk("always", [A]);
  ask.start(undefined, 1);
  ask.expectFromPeer(A, 1);
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
    ask.expectFromPeer(A, 0);
    // This process and A are two.
    ask.start(readers, 1);
    t.is(told.length === 0, isAwaited, String(readers));
    ask.addPythonAck("python");
    ask.expire();
    t.deepEqual(told, isAwaited ? ["python", { done: 1 }] : [{ done: 0 }]);
  }
});

test("where the broker does not count readers, a Python process that was heard is waited for", (t) => {
  const { ask, told, python } = makeAsk("auto");
  python.markSender("0123456789ab4def8123456789abcdef");
  ask.start(undefined, 1);
  t.deepEqual(told, []);
  const other = makeAsk("auto");
  other.python.markSender("0123456789ab8def8123456789abcdef");
  other.python.markSeen(2 * 60 * 60 * 1_000);
  other.ask.start(undefined, 1);
  t.deepEqual(other.told, [{ done: 0 }]);
});

test("one client ends with the one answer, whoever has it", (t) => {
  const onPython = makeAsk("always", [A], true);
  onPython.ask.addPythonAck("python");
  t.deepEqual(onPython.told, ["python", { done: 1 }]);
  const onNode = makeAsk("always", [A, B], true);
  onNode.ask.expectFromPeer(A, 1);
  onNode.ask.addPeerAck(A, 1, "node");
  t.deepEqual(onNode.told, ["node"]);
  onNode.ask.expectFromPeer(B, 0);
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
    ask.start(readers, 1);
    ask.expire();
    t.deepEqual(told, isAwaited ? ["timeout"] : [{ done: 0 }], `${mode} ${readers}`);
  }
});
