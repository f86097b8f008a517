import { randomUUID } from "node:crypto";
import type { AckTicket, ClientApart } from "../protocol/model/ask-client-apart.js";
import type { WireRoom } from "../protocol/model/messages.js";
import { AckCollector, type AckCollectorOptions } from "./ack-collector.js";
import type { Cluster } from "./cluster.js";

export interface AcknowledgedEmit
  extends Omit<AckCollectorOptions, "asked" | "pythonHosts" | "onThrown" | "recipient" | "onClient"> {
  readonly namespace: string;
  /** As Python knows it; null for several rooms or everyone. */
  readonly room: WireRoom | null;
  /** The only room, where it may be the sid of a client of another host, judging by its form. */
  readonly sid: string | undefined;
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
  publish: (ticket: AckTicket | undefined, collector: AckCollector) => Published,
): Published {
  const { peers, pythonHosts, acks, knownClients } = cluster;
  const { room, namespace, sid, timeout, ...callbacks } = emit;
  const recipient = recipientOf(cluster, emit);
  const onClient = () => sid !== undefined && knownClients.add(namespace, sid);
  const collector = new AckCollector({
    ...callbacks,
    asked: peers.roll,
    pythonHosts,
    recipient,
    onClient,
    onThrown: cluster.onThrown,
  });
  const askApart: ClientApart | undefined =
    sid !== undefined && recipient === "unknown" && pythonHosts.mode !== "never"
      ? { sid, room: randomUUID() }
      : undefined;
  const callback = acks.add({ room, clientRoom: askApart?.room, namespace, collector }, Math.max(1, timeout));
  let published: Published;
  try {
    published = publish(callback && { callback, askApart }, collector);
  } catch (error) {
    collector.cancel();
    throw error;
  }
  void startCollecting(cluster, collector);
  return published;
}

function recipientOf({ knownClients, canAskApart }: Cluster, { namespace, sid }: AcknowledgedEmit) {
  if (sid === undefined) {
    return "room";
  }
  if (knownClients.has(namespace, sid)) {
    return "client";
  }
  return canAskApart ? "unknown" : "presumed-client";
}

/** Does not delay the emit: finds out whether hosts may acknowledge that do not count their clients. Never rejects. */
async function startCollecting(cluster: Cluster, collector: AckCollector): Promise<void> {
  const [subscribers] = await Promise.all([cluster.countSubscribers(), cluster.peersDiscovered]);
  collector.start(subscribers, 1 + cluster.peers.emitterCount);
}
