import test from "ava";
import { PeerRequests } from "../../src/cluster/peer-requests.js";
import { IncompleteError } from "../../src/errors.js";

const [A, B] = ["a", "b"] as const;

/** Hosts by their number, as `Peers` counts them. */
const JOINED = { [A]: 1, [B]: 2 } as const;

/** A request that both hosts are asked. */
function askBoth() {
  const requests = new PeerRequests(10);
  let id = 0;
  const items = requests.open(20_000, (opened) => {
    id = opened;
  });
  requests.expect(id, { count: 2, lastJoined: 2 });
  const reply = (from: string, joined: number | undefined, items: readonly unknown[], more: object = {}) =>
    requests.addReply({ type: "reply", from, to: "us", id, part: 0, isLast: true, items, ...more }, joined);
  return { requests, items, reply };
}

test("a reply may have more items than a call may have arguments", async (t) => {
  const { items, reply } = askBoth();
  reply(A, JOINED[A], Array(200_000).fill(1));
  reply(B, JOINED[B], [2]);
  t.is((await items).length, 200_001);
});

test("a host that cannot reply costs its own reply, and the request rejects with all others", async (t) => {
  const { items, reply } = askBoth();
  reply(A, JOINED[A], ["first"], { isLast: false });
  reply(A, JOINED[A], [], { part: 1, error: "x".repeat(10_000) });
  reply(B, JOINED[B], ["other"]);
  const error = await t.throwsAsync(items, { instanceOf: IncompleteError, code: "BRIDGE_INVALID_ARGUMENT" });
  t.deepEqual(error?.responses, ["first", "other"]);
  t.is(error?.message, `the host a cannot send all of its reply: ${"x".repeat(200)}`);
});

test("only the hosts that were asked are heard, each part of them once", async (t) => {
  const { requests, items, reply } = askBoth();
  reply("stranger", undefined, ["forged"]);
  reply("newcomer", 3, ["not asked"]);
  reply(A, JOINED[A], ["a1"], { isLast: false });
  reply(A, JOINED[A], ["a1"], { isLast: false });
  reply(A, JOINED[A], ["a2"], { part: 1 });
  reply(A, JOINED[A], ["a2"], { part: 1 });
  requests.peerLeft(A, JOINED[A]);
  requests.peerLeft("newcomer", 3);
  reply(B, JOINED[B], ["b"]);
  t.deepEqual(await items, ["a1", "a2", "b"]);
});

test("a host that leaves in the middle of its reply is not waited for", async (t) => {
  const { requests, items, reply } = askBoth();
  reply(A, JOINED[A], ["a1"], { isLast: false });
  requests.peerLeft(A, JOINED[A]);
  reply(A, undefined, ["a2"], { part: 1 });
  reply(B, JOINED[B], ["b"]);
  t.deepEqual(await items, ["a1", "b"]);
});
