import type { ExecutionContext } from "ava";
import type { RunningBroker } from "../../../scripts/environment/brokers/broker.js";
import { openBus as openBusAt } from "../../../src/bus/open.js";
import type { BusOptions } from "../../../src/bus/options.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { nextStatus, type OpenBus, openBus } from "../../helpers/open-bus.js";
import type { BrokerProxy } from "../../helpers/proxy.js";

/** A network between a bus and the broker that can fail. */
export interface Network {
  readonly proxy: BrokerProxy;
  /** The broker, reached through it. */
  readonly url: string;
}

/** What differs from broker to broker. */
export interface OutageBroker<Broker extends RunningBroker> {
  /** As errors name it. */
  readonly title: "Redis" | "RabbitMQ" | "Kafka" | "ZeroMQ";
  /** One at a time. */
  startNetwork(t: ExecutionContext, broker: Broker): Promise<Network>;
  /** Whether a reader that was cut off receives what others published meanwhile. */
  readonly keepsMessagesForReaders: boolean;
  /** Whether a message that was in flight when a connection was lost may arrive twice. */
  readonly mayRepeat: boolean;
  /** What it never sends over an open connection, in Latin-1. */
  readonly garbage: readonly string[];
}

/** Hosts ignore it. Redis counts the readers of Kombu's channels only when something is published. */
const PROBE = "{}";

/** A bus on the broker of that URL; closed when the test is over. */
export function openAt(t: ExecutionContext, url: string, options: BusOptions = {}): OpenBus {
  const opened = openBus(t, openBusAt(url, "socketio", options));
  return {
    ...opened,
    listen: async (channel) => {
      const inbox = new Inbox<string>();
      const add = (payload: Uint8Array, text = Buffer.from(payload).toString()) => text !== PROBE && inbox.add(text);
      await opened.bus.subscribe(channel, (payload) => add(payload));
      return inbox;
    },
  };
}

/** Without a subscription, a bus may notice an outage only at its next message. */
export const subscribeElsewhere = ({ listen }: OpenBus): Promise<unknown> => listen(ownChannel());

type Statuses = Pick<OpenBus, "statuses">;

/**
 * Resolves when the bus has tried to reconnect without success. Not at the first attempt, which may be that of one of
 * two connections.
 */
export const untilOutageKnown = (bus: Statuses): Promise<unknown> =>
  nextStatus(bus, "reconnecting", ({ attempt }) => attempt >= 2);

/** Resolves when the bus knows that what was just published did not reach the broker. */
export async function untilLossKnown(bus: Statuses): Promise<void> {
  for (let attempts = 0; attempts < 2; attempts += 1) {
    await nextStatus(bus, "reconnecting");
  }
}
