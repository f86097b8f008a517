import test from "ava";
import { Peers } from "../../src/adapter/peers.js";

const [A, B] = ["a".repeat(32), "b".repeat(32)] as [string, string];
const presence = (from: string, more: { isHost?: boolean; interval?: number } = {}) =>
  ({ type: "beat", from, isHost: true, interval: 1_000, python: null, ...more }) as const;

function makePeers() {
  const left: string[] = [];
  return { left, peers: new Peers(1_000, (hostId) => left.push(hostId)) };
}

test("a host is gone when it said nothing while three own beats passed, and one more", (t) => {
  const { peers, left } = makePeers();
  peers.present(presence(A));
  peers.present(presence(B));
  for (const _ of [1, 2, 3]) {
    peers.beatPassed();
  }
  peers.heard(B);
  t.deepEqual(peers.hosts, [A, B]);
  peers.beatPassed();
  t.deepEqual(peers.hosts, [B]);
  t.deepEqual(left, [A]);
});

test("a host whose beats are further apart has more time", (t) => {
  const { peers } = makePeers();
  peers.present(presence(A, { interval: 4_000 }));
  peers.present(presence(B, { interval: 100 }));
  for (let beat = 0; beat < 12; beat += 1) {
    peers.beatPassed();
  }
  t.deepEqual(peers.hosts, [A]);
});

test("emitters are no hosts, goodbyes are at once, and strangers' goodbyes are nothing", (t) => {
  const { peers, left } = makePeers();
  peers.present(presence(A, { isHost: false }));
  peers.present(presence(B));
  t.deepEqual([peers.hosts, peers.emitters, peers.size], [[B], 1, 2]);
  peers.left(B);
  peers.left("c".repeat(32));
  t.deepEqual([peers.hosts, left], [[], [B]]);
});

test("the table is bounded", (t) => {
  const { peers } = makePeers();
  for (let index = 0; index < 10_100; index += 1) {
    peers.present(presence(index.toString(16).padStart(32, "0")));
  }
  t.is(peers.size, 10_000);
});
