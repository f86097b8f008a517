import test from "ava";
import { Peers } from "../../src/cluster/peers.js";

const [A, B] = ["a".repeat(32), "b".repeat(32)] as [string, string];
const presence = (from: string, more: { isHost?: boolean; interval?: number } = {}) =>
  ({ type: "heartbeat", from, isHost: true, interval: 1_000, pythonSeenAgo: null, ...more }) as const;

function makePeers() {
  const left: string[] = [];
  return { left, peers: new Peers(1_000, (hostId) => left.push(hostId)) };
}

test("a host is given up when it sent nothing while more than three own heartbeats returned", (t) => {
  const { peers, left } = makePeers();
  peers.add(presence(A));
  peers.add(presence(B));
  for (const _ of [1, 2, 3]) {
    peers.ownHeartbeatReturned();
  }
  peers.markSeen(B);
  t.deepEqual(peers.hostIds, [A, B]);
  peers.ownHeartbeatReturned();
  t.deepEqual(peers.hostIds, [B]);
  t.deepEqual(left, [A]);
});

test("a host with a longer heartbeat interval has more time", (t) => {
  const { peers } = makePeers();
  peers.add(presence(A, { interval: 4_000 }));
  peers.add(presence(B, { interval: 100 }));
  for (let count = 0; count < 12; count += 1) {
    peers.ownHeartbeatReturned();
  }
  t.deepEqual(peers.hostIds, [A]);
});

test("emitters are not hosts, a goodbye takes effect at once, and one of a stranger has none", (t) => {
  const { peers, left } = makePeers();
  peers.add(presence(A, { isHost: false }));
  peers.add(presence(B));
  t.deepEqual([peers.hostIds, peers.emitterCount, peers.size], [[B], 1, 2]);
  peers.remove(B);
  peers.remove("c".repeat(32));
  t.deepEqual([peers.hostIds, left], [[], [B]]);
});

test("the number of peers is limited", (t) => {
  const { peers } = makePeers();
  for (let index = 0; index < 10_100; index += 1) {
    peers.add(presence(index.toString(16).padStart(32, "0")));
  }
  t.is(peers.size, 10_000);
});
