import test from "ava";
import { memoryBus } from "../../src/bus/memory.js";
import { createEmitter } from "../../src/index.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";

testBusConformance(test, "memory", (t) => memoryBus(t.title));

test("memory:// joins the servers of one process, by name", async (t) => {
  const [channel, name] = [ownChannel(), ownChannel()];
  const urls = [`memory://${name}`, `memory://${name}`, "memory://", "memory://"];
  const hosts = await Promise.all(urls.map((url) => startNodeHost(t, url, { channel })));
  const clients = await Promise.all(hosts.map(({ url }) => connectClient(t, url)));
  hosts[0]?.io.emit("to the named");
  hosts[2]?.io.emit("to the others");
  for (const url of [`memory://${name}`, "memory://"]) {
    const emitter = createEmitter(url, { channel });
    await emitter.emit("the end");
    await emitter.close();
  }
  const received = await Promise.all(clients.map((client) => client.until("the end")));
  t.deepEqual(received, [[["to the named"]], [["to the named"]], [["to the others"]], [["to the others"]]]);
});
