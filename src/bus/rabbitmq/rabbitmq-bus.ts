import type { ConnectionOptions } from "node:tls";
import type * as amqplib from "amqplib";
import { BridgeError } from "../../errors.js";
import { optionalPackage } from "../../util/optional-package.js";
import type { Bus } from "../bus.js";
import type { Backend } from "../core/backend.js";
import type { BusCore } from "../core/bus-core.js";
import { credentialsAsker } from "../core/credentials.js";
import { networkedBus } from "../core/networked-bus.js";
import type { BusOptions } from "../options.js";
import { RabbitmqConnection, type RabbitmqConnector } from "./connection.js";
import { RabbitmqPublisher } from "./publisher.js";
import { RabbitmqSubscriber } from "./subscriber.js";
import { parseAmqpUrl } from "./url.js";

export interface RabbitmqBusOptions extends BusOptions {
  /** As kombu and aio-pika take it, `amqp://` or `amqps://`; several brokers of a cluster with `;` between them. */
  readonly url: string;
  /** For `amqps://`: options of `tls.connect()`, which override those of the URL. */
  readonly tls?: ConnectionOptions | undefined;
}

/** The longest name of an exchange in AMQP, in bytes. */
const MAX_CHANNEL_LENGTH = 255;

const STALE = "own messages did not come back in time";
const UNCONFIRMED = "messages were not confirmed in time";

/**
 * RabbitMQ, as `KombuManager` and `AsyncAioPikaManager` of python-socketio use it: a fanout exchange named after the
 * channel, and a queue per host. One connection publishes and another subscribes, so that a broker that is short of memory
 * and stops reading from publishers still delivers.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function rabbitmqBus(options: RabbitmqBusOptions): Bus {
  return networkedBus(options, (core) => rabbitmqBackend(core, rabbitmqConnector(options, core.heartbeatInterval)));
}

function rabbitmqBackend(core: BusCore, connect: RabbitmqConnector): Backend {
  const publisher = new RabbitmqPublisher(core, connect, () => subscriber.retryNow());
  const subscriber = new RabbitmqSubscriber(core, connect, publisher);
  return {
    name: "rabbitmq",
    title: "RabbitMQ",
    checkChannel: (channel) => (Buffer.byteLength(channel) > MAX_CHANNEL_LENGTH ? tooLong(channel) : undefined),
    subscribe: (channel) => subscriber.subscribe(channel),
    flush: () => publisher.flush(),
    publishHeartbeat: (channel, message) => publisher.publishHeartbeat(channel, message),
    replacePublisher: () => publisher.replaceUnlessBlocked(UNCONFIRMED),
    replaceConnections: () => {
      subscriber.replace(STALE);
      publisher.replace(STALE);
    },
    isAway: () => publisher.gate.isAway,
    close: async () => {
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
}

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE` */
function rabbitmqConnector(options: RabbitmqBusOptions, heartbeatInterval: number): RabbitmqConnector {
  const { url, tls } = options;
  const credentials = credentialsAsker(options.credentials);
  const targets = parseAmqpUrl(url).map((target) =>
    target.tls === undefined ? target : { ...target, tls: { ...target.tls, ...tls } },
  );
  const { connect } = optionalPackage<typeof amqplib>("amqplib", "amqp://");
  // Either side gives the other up after two to three of these without a byte. As long as the broker holds on to a dead
  // connection of ours, it does not let us have our queue.
  const heartbeat = Math.max(1, Math.round(heartbeatInterval / 1_000));
  return (role, events) => {
    const name = `socketio-python-bridge (${role})`;
    return new RabbitmqConnection({ connect, targets, credentials, heartbeat, name }, events);
  };
}

function tooLong(channel: string): BridgeError {
  const name = JSON.stringify(`${channel.slice(0, 20)}…`);
  const reason = `is longer than the ${MAX_CHANNEL_LENGTH} bytes of an exchange's name`;
  return new BridgeError("BRIDGE_INVALID_OPTION", `channel ${name} ${reason}`);
}
