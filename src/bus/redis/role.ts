import type { Redis } from "ioredis";
import { atMost } from "../../util/at-most.js";
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

/** What Redis answers while it cannot serve anybody, such as during the script of another client. */
const BUSY = /^(BUSY|LOADING|MASTERDOWN|TRYAGAIN)\b/;

export const isBusy = ({ message }: Error): boolean => BUSY.test(message);

/**
 * @returns undefined when the connection is lost, or the server serves nobody. Never rejects: a server that refuses INFO
 *   counts as a primary
 */
export async function askServerInfo(connection: Redis): Promise<ServerInfo | undefined> {
  const replies = await Promise.allSettled(SECTIONS.map((section) => connection.info(section)));
  const failures = replies.flatMap((reply) => (reply.status === "rejected" ? [reply.reason as Error] : []));
  if (failures.some((failure) => failure.name !== "ReplyError" || isBusy(failure))) {
    return undefined;
  }
  return readServerInfo(replies.map((reply) => (reply.status === "fulfilled" ? reply.value : "")).join("\n"));
}

/** Intervals that the server may take to answer. */
const PATIENCE = 4;

/**
 * Asks again and again, because a primary that is demoted keeps its connections. A connection over which nothing is
 * answered is replaced: a process that only publishes would not notice otherwise.
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
    if (signal.aborted) {
      return;
    }
    const asked = askServerInfo(connection).then((server) => {
      if (server !== undefined && !signal.aborted) {
        onInfo(server);
      }
    });
    const isAnswered = await atMost(PATIENCE * interval, asked);
    if (!isAnswered && !signal.aborted) {
      connection.disconnect(true);
      return;
    }
  }
}
