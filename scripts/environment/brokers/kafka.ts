import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Admin } from "@platformatic/kafka";
import { cleanUp, type Scope } from "../../../src/testing/scope.js";
import { type BrokerProvider, KAFKA_DIRECTORY, testEnvironment } from "../environment.js";
import { freePort } from "../free-port.js";
import type { RunningBroker } from "./broker.js";
import { type EndServer, serverContainer, serverProcess } from "./server.js";

export interface KafkaListener {
  readonly protocol: "PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL";
  /** The address that clients are given. @default the port that it listens on */
  readonly advertised?: string;
}

export interface KafkaSetup {
  /** Where it listens, and the address that clients are given. @default 127.0.0.1 */
  readonly address?: string;
  /** Of the listeners `PLAINTEXT` and `CONTROLLER`. @default free ones */
  readonly ports?: Readonly<Record<"PLAINTEXT" | "CONTROLLER", number>>;
  /** Beside one without encryption and login. */
  readonly listeners?: Readonly<Record<string, KafkaListener>>;
  /** Lines of server.properties, which override those above them. */
  readonly config?: readonly string[];
  /** Users for SCRAM, as the tool `kafka-storage` takes them. */
  readonly scram?: readonly string[];
  /** Options of Java, beside those that make it quick to start. */
  readonly java?: readonly string[];
}

/** A real Kafka of one node, which keeps what it holds over restarts. */
export interface TestKafka extends RunningBroker {
  /** Of the additional listeners, by name. */
  readonly ports: Readonly<Record<string, number>>;
}

const READY = "Kafka Server started";
const CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";
const CONTAINER_LIBS = "/opt/kafka/libs";

/** Small, and quick to start. */
const JVM = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

function properties(directory: string, ports: Readonly<Record<string, number>>, setup: KafkaSetup): string[] {
  const { address = "127.0.0.1", listeners = {}, config = [] } = setup;
  const names = Object.keys(ports);
  const clients = names.filter((name) => name !== "CONTROLLER");
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@${address}:${ports.CONTROLLER}`,
    "controller.listener.names=CONTROLLER",
    "inter.broker.listener.name=PLAINTEXT",
    `listeners=${names.map((name) => `${name}://${address}:${ports[name]}`).join(",")}`,
    `advertised.listeners=${clients
      .map((name) => `${name}://${listeners[name]?.advertised ?? `${address}:${ports[name]}`}`)
      .join(",")}`,
    `listener.security.protocol.map=${names
      .map((name) => `${name}:${listeners[name]?.protocol ?? "PLAINTEXT"}`)
      .join(",")}`,
    `log.dirs=${join(directory, "data")}`,
    "offsets.topic.replication.factor=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    // After a crash it waits as long as this until it believes that its former self is gone.
    "broker.session.timeout.ms=1000",
    "broker.heartbeat.interval.ms=200",
    ...config,
  ];
}

/** What Java has made of Kafka's classes, once: a start takes half as long with it. */
const ARCHIVE = resolve(KAFKA_DIRECTORY, "libs", "classes.jsa");

/** Formats its directory when it starts there for the first time. */
function startNode(
  kafka: BrokerProvider,
  directory: string,
  { scram = [], java: more = [] }: KafkaSetup,
): Promise<EndServer> {
  const libs = kafka.kind === "container" ? CONTAINER_LIBS : resolve(KAFKA_DIRECTORY, "libs");
  const config = join(directory, "server.properties");
  const logging = `-Dlog4j2.configurationFile=${join(directory, "log4j2.properties")}`;
  const archive = kafka.kind === "process" && existsSync(ARCHIVE) ? [`-XX:SharedArchiveFile=${ARCHIVE}`] : [];
  const options = [...JVM, ...archive, ...more, logging].join(" ");
  const java = `${kafka.kind === "container" ? "java" : kafka.server} ${options} -cp '${libs}/*'`;
  const users = scram.map((user) => `--add-scram '${user}'`).join(" ");
  const script = [
    "set -e",
    `[ -e ${directory}/data ] || ${java} kafka.tools.StorageTool format -t ${CLUSTER_ID} -c ${config} ${users} > /dev/null`,
    `exec ${java} kafka.Kafka ${config}`,
  ].join("\n");
  return kafka.kind === "container"
    ? serverContainer(kafka, ["sh", "-c", script], READY, { directory })
    : serverProcess("sh", ["-c", script], READY);
}

/**
 * Starts a Kafka that lives until it is killed.
 *
 * @param provider - where it comes from. @default what `prepare.ts` has found
 */
export async function launchKafka(
  setup: KafkaSetup = {},
  provider: BrokerProvider = testEnvironment().kafka,
): Promise<TestKafka> {
  const directory = mkdtempSync(join(tmpdir(), "kafka-"));
  const ports: Record<string, number> = { ...setup.ports };
  for (const name of ["PLAINTEXT", "CONTROLLER", ...Object.keys(setup.listeners ?? {})]) {
    ports[name] ??= await freePort();
  }
  writeFileSync(join(directory, "server.properties"), `${properties(directory, ports, setup).join("\n")}\n`);
  copyFileSync(join(KAFKA_DIRECTORY, "log4j2.properties"), join(directory, "log4j2.properties"));
  const start = () => startNode(provider, directory, setup);
  let end = await start();
  const port = ports.PLAINTEXT as number;
  return {
    url: `kafka://${setup.address ?? "127.0.0.1"}:${port}`,
    port,
    ports,
    crash: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    start: async () => {
      end = await start();
    },
    kill: async () => {
      await end("SIGKILL");
      rmSync(directory, { recursive: true });
    },
  };
}

/** Makes the archive of classes with which each Kafka starts from now on, unless there is one. */
export async function archiveKafkaClasses(provider: BrokerProvider): Promise<void> {
  if (provider.kind === "process" && !existsSync(ARCHIVE)) {
    const server = await launchKafka({ java: [`-XX:ArchiveClassesAtExit=${ARCHIVE}`] }, provider);
    await server.stop();
    await server.kill();
  }
}

/** Starts a Kafka for this test alone. */
export async function startKafka(scope: Scope, setup: KafkaSetup = {}): Promise<TestKafka> {
  const server = await launchKafka(setup);
  cleanUp(scope, () => server.kill());
  return server;
}

/** A client that may do everything. */
export function kafkaAdmin(scope: Scope, { port }: Pick<TestKafka, "port">): Admin {
  const admin = new Admin({ clientId: "tests", bootstrapBrokers: [`127.0.0.1:${port}`] });
  cleanUp(scope, () => admin.close());
  return admin;
}
