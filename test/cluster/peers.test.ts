import test from "ava";
import { Peers } from "../../src/cluster/peers.js";

const [A, B] = ["a".repeat(32), "b".repeat(32)] as [string, string];
const presence = (from: string, more: { isHost?: boolean; interval?: number } = {}) =>
  ({ type: "heartbeat", from, isHost: true, interval: 1_000, pythonSeenAgo: null, ...more }) as const;

function makePeers() {
  const left: string[] = [];
  const peers = new Peers(1_000, (hostId) => left.push(hostId));
  const known = (...ids: readonly string[]) => ids.filter((id) => peers.joined(id) !== undefined);
  return { left, peers, known };
}

/** The host id of that number. */
const ghost = (index: number) => index.toString(16).padStart(32, "0");

const MAX_PEERS = 10_000;

test("a host is given up when it sent nothing while more than three own heartbeats returned", (t) => {
  const { peers, left, known } = makePeers();
  peers.add(presence(A));
  peers.add(presence(B));
  for (const _ of [1, 2, 3]) {
    peers.ownHeartbeatReturned();
  }
  peers.markSeen(B);
  t.deepEqual(known(A, B), [A, B]);
  peers.ownHeartbeatReturned();
  t.deepEqual(known(A, B), [B]);
  t.deepEqual(left, [A]);
});

test("a host with a longer heartbeat interval has more time", (t) => {
  const { peers, known } = makePeers();
  peers.add(presence(A, { interval: 4_000 }));
  peers.add(presence(B, { interval: 100 }));
  for (let count = 0; count < 12; count += 1) {
    peers.ownHeartbeatReturned();
  }
  t.deepEqual(known(A, B), [A]);
});

test("emitters are not hosts, a goodbye takes effect at once, and one of a stranger has none", (t) => {
  const { peers, left, known } = makePeers();
  peers.add(presence(A, { isHost: false }));
  peers.add(presence(B));
  t.deepEqual([known(A, B), peers.hostCount, peers.emitterCount, peers.size], [[B], 1, 1, 2]);
  peers.remove(B);
  peers.remove("c".repeat(32));
  t.deepEqual([known(A, B), peers.hostCount, left], [[], 0, [B]]);
});

test("the number of peers is limited, and those that were heard once make room for others", (t) => {
  const { peers, left, known } = makePeers();
  peers.add(presence(A));
  peers.ownHeartbeatReturned();
  peers.add(presence(A));
  for (let index = 0; index < MAX_PEERS + 100; index += 1) {
    peers.add(presence(ghost(index)));
  }
  t.is(peers.size, MAX_PEERS);
  t.deepEqual(
    left,
    Array.from({ length: 101 }, (_, index) => ghost(index)),
  );
  peers.add(presence(B));
  t.deepEqual(known(A, B), [A, B]);
});

test("a newcomer is let in among as many peers as there may be that have proved themselves", (t) => {
  const { peers, left, known } = makePeers();
  for (const _ of [1, 2]) {
    for (let index = 0; index < MAX_PEERS; index += 1) {
      peers.add(presence(ghost(index)));
    }
    peers.ownHeartbeatReturned();
  }
  peers.markSeen(ghost(0));
  peers.add(presence(A));
  t.deepEqual(known(A), [A]);
  t.deepEqual(left, [ghost(1)]);
});

test("no interval is believed that keeps a host that is gone for ever", (t) => {
  const { peers, known } = makePeers();
  peers.add(presence(A, { interval: Number.MAX_SAFE_INTEGER }));
  for (let minute = 0; minute < 30; minute += 1) {
    t.deepEqual(known(A), [A]);
    for (let second = 0; second < 60; second += 1) {
      peers.ownHeartbeatReturned();
    }
  }
  peers.ownHeartbeatReturned();
  t.deepEqual(known(A), []);
});

test("a process that turns from an emitter into a host, or back, is counted as what it is", (t) => {
  const { peers, left } = makePeers();
  peers.add(presence(A, { isHost: false }));
  peers.add(presence(A));
  t.deepEqual([peers.hostCount, peers.emitterCount], [1, 0]);
  peers.add(presence(A, { isHost: false }));
  t.deepEqual([peers.hostCount, peers.emitterCount, left], [0, 1, [A]]);
});

test("only hosts that serve clients leave: nobody waits for an emitter", (t) => {
  const { peers, left } = makePeers();
  peers.add(presence(A, { isHost: false }));
  peers.add(presence(B));
  peers.remove(A);
  t.deepEqual(left, []);
  peers.remove(B);
  t.deepEqual(left, [B]);
});

test("the roll names who was there, and nobody who joins later", (t) => {
  const { peers } = makePeers();
  peers.add(presence(A));
  const { count, lastJoined } = peers.roll;
  peers.add(presence(B));
  t.is(count, 1);
  t.true((peers.joined(A) ?? Number.NaN) <= lastJoined);
  t.true((peers.joined(B) ?? Number.NaN) > lastJoined);
  t.is(peers.joined(ghost(1)), undefined);
});
