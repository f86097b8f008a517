import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { testEveryScenario } from "../contracts/cross-language/every-scenario.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { startPeer } from "../helpers/python.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(launchRedis);

testEveryScenario(test, { hosts: ["threaded", "asgi"], emitters: ["threaded", "asgi", "write-only"] });

test.serial("a Python host that has never published is detected by the number of subscribers", async (t) => {
  const channel = ownChannel();
  const node = await startNodeHost(t, t.context.url, { channel });
  const python = await startPeer(t, "threaded", t.context.url, channel);
  const client = await connectClient(t, python.url);
  await client.acknowledgeWith("here");
  t.deepEqual(await node.io.timeout(3_000).emitWithAck("ask"), ["here"]);
});
