import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../../errors.js";
import type { Bus } from "../bus.js";
import type { Backend } from "../core/backend.js";
import type { BusCore } from "../core/bus-core.js";
import { credentialsAsker } from "../core/credentials.js";
import { networkedBus } from "../core/networked-bus.js";
import type { BusOptions } from "../options.js";
import { KafkaAvailability } from "./availability.js";
import { loadKafka } from "./connection.js";
import { KafkaConsumer } from "./consumer.js";
import { KafkaMetadata } from "./metadata.js";
import { KafkaProducer } from "./producer.js";
import { checkSasl, type KafkaAccess, type KafkaSasl, parseKafkaUrl } from "./url.js";

export type { KafkaSasl };

export interface KafkaBusOptions extends BusOptions {
  /** `kafka://h1:p1,h2:p2`, or a list of such URLs, as `KafkaManager` of python-socketio takes them. */
  readonly url: string | readonly string[];
  /** How to log in. @default what the URL says */
  readonly sasl?: KafkaSasl | undefined;
  /** Options of `tls.connect()`; `{}` trusts the authorities of Node. @default what the URL says */
  readonly tls?: ConnectionOptions | undefined;
}

/**
 * Kafka, one topic per channel, as `KafkaManager` of python-socketio. A topic that is missing is created, with one
 * partition. Every host consumes all partitions, without a group, and produces to the first.
 *
 * Needs the package `@platformatic/kafka`, and Kafka 2.8 or later.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function kafkaBus(options: KafkaBusOptions): Bus {
  return networkedBus(options, (core) => {
    const access = accessOf(options);
    const credentials = credentialsAsker(options.credentials);
    const requestTimeout = 2 * core.heartbeatInterval;
    const connection = { ...access, credentials, kafka: loadKafka(), requestTimeout };
    return kafkaBackend(core, new KafkaMetadata(connection, core.closing));
  });
}

function kafkaBackend(core: BusCore, metadata: KafkaMetadata): Backend {
  const availability = new KafkaAvailability(core);
  const producer = new KafkaProducer(core, metadata, availability);
  const consumers = new Map<string, KafkaConsumer>();
  return {
    name: "kafka",
    title: "Kafka",
    subscribe: (channel) => {
      consumers.set(channel, new KafkaConsumer(channel, core, metadata, availability));
    },
    flush: (channel) => producer.flush(channel),
    publishHeartbeat: (channel, message) => producer.publish(channel, message),
    replacePublisher: () => producer.replace(),
    replaceConnections: (channel) => {
      availability.notReady();
      consumers.get(channel)?.replace();
      producer.replace();
    },
    isAway: () => availability.isAway,
    isOrdered: (channel) => consumers.get(channel)?.isOrdered ?? false,
    close: async () => {
      await Promise.all([producer.close(), ...[...consumers.values()].map((consumer) => consumer.close())]);
    },
  };
}

/** @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION` */
function accessOf({ url, sasl, tls, credentials }: KafkaBusOptions): KafkaAccess {
  const hasCredentials = credentials !== undefined;
  const [first, ...others] = [url].flat().map((one) => parseKafkaUrl(one, hasCredentials));
  if (first === undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "kafkaBus takes a url or a list of them; the list is empty");
  }
  return {
    bootstrap: [...first.bootstrap, ...others.flatMap(({ bootstrap }) => bootstrap)],
    sasl: sasl === undefined ? first.sasl : checkSasl("BRIDGE_INVALID_OPTION", "kafkaBus", sasl, hasCredentials),
    tls: tls ?? first.tls,
  };
}
