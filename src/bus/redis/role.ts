import type { Redis } from "ioredis";
import { pause } from "../../util/pause.js";

/** What a server says of itself, as far as it concerns pub/sub. */
export interface ServerInfo {
  /**
   * Of a cluster, whose nodes pass on to each other what is published on any of them, replicas included. undefined where it
   * does not say.
   */
  readonly isClusterNode: boolean | undefined;
  /** Outside a cluster: it passes on what its primary publishes, and what is published on it reaches nobody else. */
  readonly isLoneReplica: boolean;
  /** Replicas, whose own subscribers it does not count. */
  readonly hasReplicas: boolean;
}

/** The sections of INFO that are asked for, one by one: before Redis 7 it takes one at a time. */
const SECTIONS = ["replication", "cluster"] as const;

/** @param info - replies to INFO; empty where the user may not ask */
export function readServerInfo(info: string): ServerInfo {
  const [, clusterEnabled] = /^cluster_enabled:([01])\r?$/m.exec(info) ?? [];
  const isClusterNode = clusterEnabled === undefined ? undefined : clusterEnabled === "1";
  return {
    isClusterNode,
    isLoneReplica: isClusterNode !== true && /^role:(slave|replica)\r?$/m.test(info),
    hasReplicas: /^connected_slaves:[1-9]/m.test(info),
  };
}

/** @returns undefined when the connection is lost. Never rejects: a server that refuses INFO counts as a primary */
export async function askServerInfo(connection: Redis): Promise<ServerInfo | undefined> {
  const replies = await Promise.allSettled(SECTIONS.map((section) => connection.info(section)));
  const failures = replies.flatMap((reply) => (reply.status === "rejected" ? [reply.reason as Error] : []));
  if (failures.some(({ name }) => name !== "ReplyError")) {
    return undefined;
  }
  return readServerInfo(replies.map((reply) => (reply.status === "fulfilled" ? reply.value : "")).join("\n"));
}

/**
 * Asks again and again, because a primary that is demoted keeps its connections.
 *
 * @param interval - milliseconds
 */
export async function watchServerInfo(
  connection: Redis,
  interval: number,
  signal: AbortSignal,
  onInfo: (server: ServerInfo) => void,
): Promise<void> {
  while (!signal.aborted) {
    await pause(interval, signal);
    const server = signal.aborted ? undefined : await askServerInfo(connection);
    if (server !== undefined && !signal.aborted) {
      onInfo(server);
    }
  }
}
