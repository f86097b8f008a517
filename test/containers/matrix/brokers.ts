import { KINDS } from "../../../interop/scenarios/scenario.js";
import { launchKafka } from "../../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../../scripts/environment/brokers/rabbitmq.js";
import { serverContainer } from "../../../scripts/environment/brokers/server.js";
import { BROKER_IMAGES, type ContainerProvider } from "../../../scripts/environment/environment.js";
import { freePort } from "../../../scripts/environment/free-port.js";
import type { PeerKind } from "../../../src/testing/python-peer.js";
import { type Engine, requireImage } from "./engine.js";

export type BrokerName = keyof typeof BROKER_IMAGES;

/** In the order of the page. */
export const BROKERS: readonly BrokerName[] = ["redis", "rabbitmq", "kafka"];

export const BROKER_TITLES: Readonly<Record<BrokerName, string>> = {
  redis: "Redis",
  rabbitmq: "RabbitMQ",
  kafka: "Kafka",
};

/**
 * The kinds of peers that are run over each. Over RabbitMQ and Kafka the task of Celery stands for every manager with
 * `write_only=True`, and over RabbitMQ the server of Flask-SocketIO for every one on threads. `interop/known-limits.ts`
 * says why Kafka has no `asgi`.
 */
const BROKER_KINDS: Readonly<Record<BrokerName, readonly PeerKind[]>> = {
  redis: KINDS,
  rabbitmq: ["flask", "asgi", "celery"],
  kafka: ["threaded", "flask", "celery"],
};

export const kindsOn = (broker: BrokerName): readonly PeerKind[] => BROKER_KINDS[broker];

/** A broker for this run alone. */
export interface ContainedBroker {
  readonly url: string;
  kill(): Promise<void>;
}

async function launchRedis(provider: ContainerProvider): Promise<ContainedBroker> {
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const kill = await serverContainer(provider, ["redis-server", ...options], "Ready to accept connections");
  return { url: `redis://127.0.0.1:${port}`, kill: () => kill() };
}

/**
 * A broker that is thought dead for a moment refuses what is published, and kafka-python before 2.1 gives up what was
 * refused once, without a word.
 */
const PATIENT_KAFKA = ["broker.session.timeout.ms=30000"];

const LAUNCH: Readonly<Record<BrokerName, (provider: ContainerProvider) => Promise<ContainedBroker>>> = {
  redis: launchRedis,
  rabbitmq: (provider) => launchRabbitmq({ provider }),
  kafka: (provider) => launchKafka({ config: PATIENT_KAFKA }, provider),
};

export async function startBroker(engine: Engine, name: BrokerName): Promise<ContainedBroker> {
  const image = BROKER_IMAGES[name];
  await requireImage(engine, image);
  // Whether there is a reaper was settled when the engine was connected.
  return LAUNCH[name]({ kind: "container", image, reaper: true });
}
