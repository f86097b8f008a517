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

/** What the suite has to know of a broker; everything else is the same for all. */
export interface OutageBroker<Broker extends RunningBroker> {
  /** As errors name it. */
  readonly title: "Redis" | "RabbitMQ" | "Kafka";
  /** One at a time. */
  startNetwork(t: ExecutionContext, broker: Broker): Promise<Network>;
  /** Whether the broker keeps for a reader that is cut off what others publish meanwhile. */
  readonly keepsForReaders: boolean;
  /** Whether what was on its way when a connection was lost may arrive twice. */
  readonly repeats: boolean;
}

/** To every host it means nothing: Kombu's readers can be counted by a message alone. */
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

/** A bus that only publishes may learn of an outage from its next message alone. */
export const readsItself = ({ listen }: OpenBus): Promise<unknown> => listen(ownChannel());

type Statuses = Pick<OpenBus, "statuses">;

/**
 * Resolves when the bus knows of the outage and has tried again in vain. What it reads and what it writes may go over
 * connections of their own, and the first attempt be of one alone.
 */
export const knowsOfOutage = (bus: Statuses): Promise<unknown> =>
  nextStatus(bus, "reconnecting", ({ attempt }) => attempt >= 2);

/** Resolves when what was published before this is known not to have arrived. */
export async function knowsOfLoss(bus: Statuses): Promise<void> {
  for (let attempts = 0; attempts < 2; attempts += 1) {
    await nextStatus(bus, "reconnecting");
  }
}
