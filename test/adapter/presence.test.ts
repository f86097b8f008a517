import test from "ava";
import { memoryBus } from "../../src/index.js";
import { newHostId } from "../../src/protocol/model/host-id.js";
import { sideChannelOf } from "../../src/protocol/side-channel/channel-name.js";
import { encodeSideChannel } from "../../src/protocol/side-channel/encode.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startNodeHost } from "../helpers/node-host.js";
import { untilHosts } from "../helpers/node-hosts.js";

/** More own heartbeats than a peer may be silent for. */
const MANY = 6;

test("a host whose heartbeats wait behind its messages is not given up", async (t) => {
  const [bus, peer] = [memoryBus(t.title), memoryBus(t.title)];
  cleanUp(t, () => peer.close());
  const heartbeats = new Inbox<string>();
  await peer.subscribe(sideChannelOf("socketio"), (payload) => {
    const text = Buffer.from(payload).toString();
    if (text.includes("heartbeat")) {
      heartbeats.add(text);
    }
  });
  const host = await startNodeHost(t, bus, { heartbeatInterval: 100 });
  const hostId = newHostId();
  const hello = { type: "hello", from: hostId, isHost: true, interval: 100, pythonSeenAgo: null } as const;
  await peer.publish(sideChannelOf("socketio"), encodeSideChannel(hello, 1024));
  await untilHosts(host, 2);
  const parts = { event: "x", data: 1, namespace: "/", room: null, skip_sid: null, callback: null, host_id: hostId };
  const emit = JSON.stringify({ method: "emit", ...parts });
  for (let seen = heartbeats.items.length; seen < MANY; seen += 1) {
    await peer.publish("socketio", emit);
    await heartbeats.find("the next heartbeat", (_, index) => index === seen);
    t.is(host.adapter.stats().nodeHosts, 2);
  }
  // Without messages it is.
  await untilHosts(host, 1);
});
