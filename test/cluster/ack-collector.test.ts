import test from "ava";
import { AckCollector, type AckRecipient } from "../../src/cluster/ack-collector.js";
import { PythonHosts, type PythonHostsMode } from "../../src/cluster/python-hosts.js";

const [A, B] = ["a", "b"] as const;

function makeCollector(mode: PythonHostsMode, hosts: readonly string[] = [], recipient: AckRecipient = "room") {
  const calls: unknown[] = [];
  const python = new PythonHosts(mode, () => 1);
  const collector = new AckCollector({
    asked: { count: hosts.length, lastJoined: hosts.length },
    recipient,
    onClient: () => calls.push("client"),
    pythonHosts: python,
    onAck: (ack) => calls.push(ack),
    onDone: (total) => calls.push({ done: total }),
    onTimeout: () => calls.push("timeout"),
    onThrown: (error) => calls.push(error),
  });
  return { collector, calls, python };
}

/** Whether acknowledgements of that host are heard. */
const isExpected = (collector: AckCollector, host: string) => collector.addPeerAck(host, 1, host);

test("it is done when every host has reported its count and all counted clients have acknowledged", (t) => {
  const { collector, calls } = makeCollector("never", [A, B]);
  collector.expectOwn(1);
  collector.start(undefined, 1);
  collector.expectFromPeer(A, 1, 2);
  collector.addPeerAck(A, 1, "a1");
  collector.addOwnAck("own");
  collector.expectFromPeer(B, 2, 0);
  t.deepEqual(calls, ["a1", "own"]);
  collector.addPeerAck(A, 2, "a2");
  t.deepEqual(calls, ["a1", "own", "a2", { done: 3 }]);
  t.false(collector.addPeerAck("stranger", 1, "late"));
  collector.expire();
  t.is(calls.length, 4);
});

test("a message that arrives twice after an outage counts once", (t) => {
  const { collector, calls } = makeCollector("never", [A]);
  collector.start(undefined, 1);
  collector.expectFromPeer(A, 1, 2);
  collector.addPeerAck(A, 1, "one");
  collector.expectFromPeer(A, 1, 2);
  collector.addPeerAck(A, 1, "one");
  collector.addPeerAck(A, 2, "two");
  t.deepEqual(calls, ["one", "two", { done: 2 }]);
});

test("a host that left is not waited for: neither its count nor its acknowledgements", (t) => {
  const { collector, calls } = makeCollector("never", [A, B]);
  collector.start(undefined, 1);
  collector.expectFromPeer(A, 1, 5);
  collector.addPeerAck(A, 1, "one");
  collector.peerLeft(A, 1);
  t.deepEqual(calls, ["one"]);
  collector.peerLeft(B, 2);
  t.deepEqual(calls, ["one", { done: 1 }]);
});

test("it times out when a counted client has not acknowledged", (t) => {
  const { collector, calls } = makeCollector("always", [A]);
  collector.start(undefined, 1);
  collector.expectFromPeer(A, 1, 1);
  collector.expire();
  t.deepEqual(calls, ["timeout"]);
});

test("where a Python host may be subscribed, it collects until its time is over", (t) => {
  for (const [subscribers, isAwaited] of [
    [3, true],
    [2, false],
    [undefined, false],
  ] as const) {
    const { collector, calls } = makeCollector("auto", [A]);
    collector.expectFromPeer(A, 1, 0);
    // This process and A make two.
    collector.start(subscribers, 1);
    t.is(calls.length === 0, isAwaited, String(subscribers));
    collector.addPythonAck("python");
    collector.expire();
    t.deepEqual(calls, isAwaited ? ["python", { done: 1 }] : [{ done: 0 }]);
  }
});

test("where the broker does not count subscribers, it waits for a Python process that was seen", (t) => {
  const { collector, calls, python } = makeCollector("auto");
  python.markSender("0123456789ab4def8123456789abcdef");
  collector.start(undefined, 1);
  t.deepEqual(calls, []);
  const other = makeCollector("auto");
  other.python.markSender("0123456789ab8def8123456789abcdef");
  other.python.markSeen(2 * 60 * 60 * 1_000);
  other.collector.start(undefined, 1);
  t.deepEqual(other.calls, [{ done: 0 }]);
});

test("for one client, it is done with the one acknowledgement, whichever host has the client", (t) => {
  const onPython = makeCollector("always", [A], "client");
  onPython.collector.addPythonAck("python");
  t.deepEqual(onPython.calls, ["python", { done: 1 }]);
  const onNode = makeCollector("always", [A, B], "client");
  onNode.collector.expectFromPeer(A, 1, 1);
  onNode.collector.addPeerAck(A, 1, "node");
  t.deepEqual(onNode.calls, ["node"]);
  onNode.collector.expectFromPeer(B, 2, 0);
  t.deepEqual(onNode.calls, ["node", { done: 1 }]);
});

test("where the name may be a sid or a room, the host of that client tells, and it is done with its acknowledgement", (t) => {
  const onPython = makeCollector("always", [A], "unknown");
  onPython.collector.addPythonAck("python", true);
  t.deepEqual(onPython.calls, ["client", "python", { done: 1 }]);
  const onNode = makeCollector("always", [A], "unknown");
  onNode.collector.expectFromPeer(A, 1, 2, true);
  onNode.collector.addPeerAck(A, 1, "the client");
  t.deepEqual(onNode.calls, ["client", "the client"]);
  onNode.collector.addPeerAck(A, 2, "another member");
  t.deepEqual(onNode.calls, ["client", "the client", "another member", { done: 2 }]);
});

test("where no host has that client, it is a room: it collects until its time is over", (t) => {
  const { collector, calls } = makeCollector("always", [A], "unknown");
  collector.start(undefined, 1);
  collector.addPythonAck("python");
  collector.expectFromPeer(A, 1, 1);
  collector.addPeerAck(A, 1, "node");
  collector.addPythonAck("more of python");
  t.deepEqual(calls, ["python", "node", "more of python"]);
  collector.expire();
  t.deepEqual(calls.slice(3), [{ done: 3 }]);
});

test("where Python hosts do not tell, a name that looks like a sid is one, unless a Node host has other members", (t) => {
  const sid = makeCollector("always", [A], "presumed-client");
  sid.collector.expectFromPeer(A, 1, 0);
  sid.collector.addPythonAck("python");
  t.deepEqual(sid.calls, ["python", { done: 1 }]);
  const room = makeCollector("always", [A], "presumed-client");
  room.collector.expectFromPeer(A, 1, 1);
  room.collector.addPythonAck("python");
  room.collector.addPeerAck(A, 1, "node");
  t.deepEqual(room.calls, ["python", "node"]);
  room.collector.expire();
  t.deepEqual(room.calls.slice(2), [{ done: 2 }]);
});

test("it waits for one client that no Node host has, unless no Python host can have it", (t) => {
  for (const [mode, subscribers, isAwaited] of [
    ["never", undefined, false],
    ["auto", 1, false],
    ["auto", 2, true],
    ["auto", undefined, true],
  ] as const) {
    const { collector, calls } = makeCollector(mode, [], "unknown");
    collector.start(subscribers, 1);
    collector.expire();
    t.deepEqual(calls, isAwaited ? ["timeout"] : [{ done: 0 }], `${mode} ${subscribers}`);
  }
});

test("what the application's callbacks throw is reported, and the collection goes on", (t) => {
  const thrown: unknown[] = [];
  let isDone = false;
  const collector = new AckCollector({
    asked: { count: 1, lastJoined: 1 },
    recipient: "room",
    pythonHosts: new PythonHosts("never", () => 1),
    onAck: (ack) => {
      throw new Error(`on ${ack}`);
    },
    onDone: () => {
      isDone = true;
    },
    onThrown: (error) => thrown.push((error as Error).message),
  });
  collector.start(undefined, 1);
  collector.expectFromPeer(A, 1, 1);
  t.true(collector.addPeerAck(A, 1, "a1"));
  t.deepEqual(thrown, ["on a1"]);
  t.true(isDone);
});

test("only hosts that are known are heard, and before that, a limited number of others", (t) => {
  const { collector, calls } = makeCollector("never", [A]);
  for (let index = 0; index < 2_000; index += 1) {
    collector.expectFromPeer(`stranger ${index}`, undefined, 0);
  }
  t.true(isExpected(collector, "stranger 999"));
  t.false(isExpected(collector, "stranger 1000"));
  collector.start(undefined, 1);
  collector.expectFromPeer("late stranger", undefined, 5);
  collector.expectFromPeer("newcomer", 7, 1);
  collector.expectFromPeer(A, 1, 0);
  calls.splice(0);
  collector.addPeerAck("newcomer", 1, "new");
  t.deepEqual(calls, ["new", { done: 2 }]);
});

test("40,000 counts take no longer than their messages", (t) => {
  const hosts = Array.from({ length: 40_000 }, (_, index) => String(index));
  const { collector, calls } = makeCollector("never", hosts);
  collector.start(undefined, 1);
  const before = performance.now();
  for (const [index, host] of hosts.entries()) {
    collector.expectFromPeer(host, index + 1, 1);
  }
  for (const host of hosts) {
    collector.addPeerAck(host, 1, null);
  }
  const took = performance.now() - before;
  t.deepEqual(calls.at(-1), { done: 40_000 });
  // With a sum over all hosts at each it was more than a minute.
  t.true(took < 5_000, `${took} ms`);
});
