import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A broker is started as a container where an engine answers and has the image. */
export interface ContainerProvider {
  readonly kind: "container";
  readonly image: string;
  /** Whether testcontainers can have the container that removes the others when a run is killed. */
  readonly reaper: boolean;
}

/** Otherwise it is a process of this machine, started with this program. */
export interface ProcessProvider {
  readonly kind: "process";
  readonly server: string;
}

export type BrokerProvider = ContainerProvider | ProcessProvider;

/** What `npm test` found or installed before it started the tests. */
export interface TestEnvironment {
  /** Interpreter of the virtual environment with the packages of `python-fixtures/requirements.txt`. */
  readonly python: string;
  /** The same with `requirements-kombu-5.2.txt`; only where Python is old enough for it. */
  readonly pythonWithOldKombu?: string | undefined;
  /** The same with `releases/5.13.0.txt`. */
  readonly pythonWithPickles: string;
  /** The same with `requirements-edge-5.10.txt` and the like: older releases whose applications can be behind an edge. */
  readonly pythonsOfEdge: Readonly<Record<"5.10" | "5.15", string>>;
  /** The same with `requirements-zmq.txt`: with eventlet installed, servers that name no other mode run on it. */
  readonly pythonWithZmq: string;
  /** The same with `python/requirements-dev.txt`: what checks the Python package. */
  readonly pythonForPackage: string;
  readonly redis: BrokerProvider;
  /** Command and arguments that start redis-cli on the network of this machine. */
  readonly redisCli: readonly [string, ...string[]];
  readonly rabbitmq: BrokerProvider;
  /** As a process, the program is Java, and the jars are in `kafka/libs` beside this file. */
  readonly kafka: BrokerProvider;
  readonly chromium: string;
}

/** On every container of this checkout's tests, which tells the leftovers of a killed run from other containers. */
export const CONTAINER_LABEL = { name: "socketio-python-bridge.tests", value: process.cwd() } as const;

/** What Kafka is started with, from the root of the repository: its list of jars, and the jars once they are copied. */
export const KAFKA_DIRECTORY = join("scripts", "environment", "kafka");

/** The images of the brokers. That of Kafka has the version of `kafka/pom.xml`. */
export const BROKER_IMAGES = {
  redis: "redis:7-alpine",
  rabbitmq: "rabbitmq:4-alpine",
  kafka: "apache/kafka:4.1.1",
} as const;

/** Where `prepare.ts` leaves its findings. */
export const ENVIRONMENT_FILE = ".test-environment.json";

/** @throws Error when the tests were started without `npm test` */
export function testEnvironment(): TestEnvironment {
  try {
    return JSON.parse(readFileSync(ENVIRONMENT_FILE, "utf8")) as TestEnvironment;
  } catch (cause) {
    throw new Error(`${ENVIRONMENT_FILE} cannot be read: start the tests with "npm test"`, { cause });
  }
}
