import test from "ava";
import { readServerInfo } from "../../../src/bus/redis/role.js";

const lines = (...of: readonly string[]) => of.join("\r\n");

const ALONE = { isClusterNode: false, isLoneReplica: false, hasReplicas: false };

for (const [what, info, expected] of [
  ["a primary", ["role:master", "connected_slaves:0", "cluster_enabled:0"], ALONE],
  ["with replicas", ["role:master", "connected_slaves:12", "cluster_enabled:0"], { ...ALONE, hasReplicas: true }],
  ["a replica", ["role:slave", "connected_slaves:0", "cluster_enabled:0"], { ...ALONE, isLoneReplica: true }],
  ["a replica by its newer name", ["role:replica", "cluster_enabled:0"], { ...ALONE, isLoneReplica: true }],
  // KeyDB: it passes on what is published on it.
  ["an active replica", ["role:active-replica", "cluster_enabled:0"], ALONE],
  ["a node of a cluster", ["role:master", "cluster_enabled:1"], { ...ALONE, isClusterNode: true }],
  ["a replica in a cluster", ["role:slave", "cluster_enabled:1"], { ...ALONE, isClusterNode: true }],
  ["what looks like it", ["xrole:slave", "role:slaves", "connected_slaves:"], { ...ALONE, isClusterNode: undefined }],
  ["nothing", [], { ...ALONE, isClusterNode: undefined }],
] as const) {
  test(`INFO of ${what}: ${info.join(", ")}`, (t) => {
    t.deepEqual(readServerInfo(lines("# Replication", ...info, "master_replid:0")), expected);
  });
}
