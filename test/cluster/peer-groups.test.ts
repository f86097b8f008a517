import test from "ava";
import { PeerGroups } from "../../src/cluster/peer-groups.js";
import type { SideChannel } from "../../src/cluster/side-channel.js";

const [OWN, OTHER] = ["a".repeat(32), "b".repeat(32)];

const heartbeat = (from: string, groups?: readonly string[]) =>
  ({ type: "heartbeat", from, isHost: true, interval: 1_000, pythonSeenAgo: null, ...(groups && { groups }) }) as const;

function start() {
  const sent: unknown[] = [];
  const seen: unknown[] = [];
  let changes = 0;
  const sideChannel = { publish: async (message: unknown) => void sent.push(message) } as unknown as SideChannel;
  const groups = new PeerGroups(OWN, sideChannel, () => {
    changes += 1;
  });
  const listener = {
    onJoined: (host: string) => seen.push(["joined", host]),
    onLeft: (host: string, hasSaidGoodbye: boolean) => seen.push(["left", host, hasSaidGoodbye]),
    onMessage: (from: string, to: readonly string[], payload: Uint8Array) => seen.push([from, to, payload]),
    onClosed: () => seen.push(["closed"]),
  };
  return { groups, listener, sent, seen, changes: () => changes };
}

test("members are those whose heartbeats say so: before this host has joined, and until they say otherwise", (t) => {
  const { groups, listener, seen, changes } = start();
  groups.heard(heartbeat(OTHER, ["edges"]));
  const group = groups.join("edges", listener);
  t.deepEqual([...group.members], [OTHER]);
  t.deepEqual([groups.names, changes()], [["edges"], 1]);
  groups.heard(heartbeat(OTHER, ["others"]));
  groups.heard(heartbeat(OTHER, ["others", "edges"]));
  groups.heard(heartbeat(OTHER, ["edges"]));
  groups.left(OTHER, false);
  groups.left(OTHER, false);
  t.deepEqual(seen, [
    ["left", OTHER, true],
    ["joined", OTHER],
    ["left", OTHER, false],
  ]);
  t.throws(() => groups.join("edges", listener), { code: "BRIDGE_INVALID_OPTION" });
  group.leave();
  group.leave();
  t.deepEqual([groups.names, changes()], [[], 2]);
});

test("a host names few groups, with short names; the others do not count", (t) => {
  const { groups, listener } = start();
  groups.heard(heartbeat(OTHER, ["x".repeat(65), ...Array.from({ length: 100 }, (_, index) => `group ${index}`)]));
  const sizes = ["x".repeat(65), "group 7", "group 8"].map((name) => groups.join(name, listener).members.size);
  t.deepEqual(sizes, [0, 1, 0]);
});

test("a message reaches the members of its group, and says for whom it is", async (t) => {
  const { groups, listener, sent, seen } = start();
  const payload = Buffer.from("payload");
  const group = groups.join("edges", listener);
  await group.send([OTHER], payload);
  t.deepEqual(sent, [{ type: "group", from: OWN, group: "edges", to: [OTHER], payload }]);
  groups.receive({ type: "group", from: OTHER, group: "others", to: [OWN], payload });
  groups.receive({ type: "group", from: OTHER, group: "edges", to: [OWN], payload });
  groups.close();
  t.deepEqual(seen, [[OTHER, [OWN], payload], ["closed"]]);
});
