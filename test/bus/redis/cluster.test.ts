import test from "ava";
import { Cluster } from "ioredis";
import { readClusterSlots } from "../../../src/bus/redis/cluster.js";
import { readIoredisCluster } from "../../../src/bus/redis/ioredis-cluster.js";
import { redisBus } from "../../../src/bus/redis/redis-bus.js";

test("CLUSTER SLOTS names primaries and replicas", (t) => {
  const reply = [
    [0, 1, ["10.0.0.1", 7000, "a", []], ["10.0.0.2", 7001, "b", ["hostname", "h"]]],
    [2, 3, ["h3", 7002]],
  ];
  t.deepEqual(readClusterSlots(reply, "here"), [
    { host: "10.0.0.1", port: 7000 },
    { host: "10.0.0.2", port: 7001 },
    { host: "h3", port: 7002 },
  ]);
});

test("a host that the node does not know is its own, and an unknown address is none", (t) => {
  const reply = [[0, 1, [null, 7000], ["", 7001], ["?", 7002], ["h", 0], ["h", null], []]];
  t.deepEqual(readClusterSlots(reply, "here"), [
    { host: "here", port: 7000 },
    { host: "here", port: 7001 },
  ]);
  for (const odd of [null, "OK", [], [[]], [[0, 1]], [[0, 1, "h"]]]) {
    t.deepEqual(readClusterSlots(odd, "here"), []);
  }
});

const read = (cluster: Cluster) => readIoredisCluster(cluster as unknown as Parameters<typeof readIoredisCluster>[0]);

test("of a Cluster of ioredis, startup nodes and their options are taken over", (t) => {
  const tls = { servername: "h" };
  const lazyConnect = true;
  const { seeds, options } = read(
    new Cluster(["redis://bob:pw@h1:7000", "h2:7001", "7002", 7003, { host: "h4" }, { port: 7005 }], {
      lazyConnect,
      redisOptions: { username: "alice", tls },
    }),
  );
  t.deepEqual(seeds, [
    { host: "h1", port: 7000 },
    { host: "h2", port: 7001 },
    { host: "127.0.0.1", port: 7002 },
    { host: "127.0.0.1", port: 7003 },
    { host: "h4", port: 6379 },
    { host: "127.0.0.1", port: 7005 },
  ]);
  t.like(options, { username: "alice", password: "pw", tls });
});

test("the natMap of a Cluster of ioredis is applied to the nodes that the cluster names", (t) => {
  const [inside, outside] = [
    { host: "10.0.0.1", port: 7000 },
    { host: "example", port: 1 },
  ];
  const other = { host: "10.0.0.2", port: 7000 };
  for (const natMap of [{ "10.0.0.1:7000": outside }, (key: string) => (key === "10.0.0.1:7000" ? outside : null)]) {
    const { toReachable } = read(new Cluster([7000], { lazyConnect: true, natMap }));
    t.deepEqual([inside, other].map(toReachable), [outside, other]);
  }
});

test("a Cluster of ioredis that looks its nodes up in SRV records cannot be taken over", (t) => {
  const client = new Cluster([{ host: "h" }], { lazyConnect: true, useSRVRecords: true });
  t.throws(() => redisBus({ client }), {
    code: "BRIDGE_INVALID_OPTION",
    message: /useSRVRecords cannot be taken over: pass redis\+cluster:\/\//,
  });
});
