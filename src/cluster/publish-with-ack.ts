import type { CallbackRef, WireRoom } from "../protocol/model/messages.js";
import { AckCollector, type AckCollectorOptions } from "./ack-collector.js";
import type { Cluster } from "./cluster.js";

export interface AcknowledgedEmit extends Omit<AckCollectorOptions, "peers" | "pythonHosts"> {
  readonly namespace: string;
  /** As Python knows it; null for several rooms or everyone. */
  readonly room: WireRoom | null;
  /** Milliseconds for which acknowledgements are collected. */
  readonly timeout: number;
}

/**
 * Publishes an emit and collects its acknowledgements.
 *
 * @param publish - gets the ticket to publish, undefined when as many emits are pending as may be, and the collector. What
 *   it throws ends the collection
 * @returns what `publish` returns
 */
export function publishWithAck<Published>(
  cluster: Cluster,
  emit: AcknowledgedEmit,
  publish: (ticket: CallbackRef | undefined, collector: AckCollector) => Published,
): Published {
  const { peers, pythonHosts, acks } = cluster;
  const collector = new AckCollector({ ...emit, peers: peers.hostIds, pythonHosts });
  const { room, namespace } = emit;
  const ticket = acks.add({ room, namespace, collector }, Math.max(1, emit.timeout));
  let published: Published;
  try {
    published = publish(ticket, collector);
  } catch (error) {
    collector.cancel();
    throw error;
  }
  void startCollecting(cluster, collector);
  return published;
}

/** Does not delay the emit: finds out whether hosts may acknowledge that do not count their clients. Never rejects. */
async function startCollecting(cluster: Cluster, collector: AckCollector): Promise<void> {
  const [subscribers] = await Promise.all([cluster.countSubscribers(), cluster.peersDiscovered]);
  collector.start(subscribers, 1 + cluster.peers.emitterCount);
}
