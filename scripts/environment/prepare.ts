/**
 * Makes what the tests need, before they start: a Python environment, a way to run Redis, a browser. Says what it does;
 * where something is missing and cannot be installed here, one line says what to install.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { getContainerRuntimeClient, getReaper } from "testcontainers";
import { archiveKafkaClasses } from "./brokers/kafka.js";
import {
  BROKER_IMAGES,
  type BrokerProvider,
  CONTAINER_LABEL,
  ENVIRONMENT_FILE,
  KAFKA_DIRECTORY,
  type TestEnvironment,
} from "./environment.js";
import { findOrInstall, findOrInstallBrowser, hasImage, Missing, runPreparation, say, succeeds } from "./install.js";
import { findPython, preparePython } from "./virtual-environment.js";

const FIXTURES = "python-fixtures";
/** Debian's own wrapper changes the user, and keeps the log from the console. */
const RABBITMQ_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server";

const OLDEST_JAVA = 17;

const prepareFixtures = (requirements: string, venv: string): string =>
  preparePython(join(FIXTURES, requirements), join(FIXTURES, venv));

function prepareOldKombu(): Pick<TestEnvironment, "pythonWithOldKombu"> {
  if (succeeds(findPython(), ["-c", "import sys; sys.exit(sys.version_info >= (3, 12))"])) {
    return { pythonWithOldKombu: prepareFixtures("requirements-kombu-5.2.txt", ".venv-kombu-5.2") };
  }
  say("Kombu 5.2 does not run on Python 3.12 and later: only recorded messages are tested");
  return {};
}

type Redis = Pick<TestEnvironment, "redis" | "redisCli">;

const LABEL = `${CONTAINER_LABEL.name}=${CONTAINER_LABEL.value}`;
const CONTAINED_REDIS_CLI = [
  ...["docker", "run", "--rm", "--interactive", "--network", "host", "--label", LABEL],
  ...[BROKER_IMAGES.redis, "redis-cli"],
] as const satisfies TestEnvironment["redisCli"];

/** What an earlier run left behind when it was killed and nothing else cleaned up after it. */
function removeOldContainers(): void {
  const list = ["ps", "--all", "--quiet", "--filter", `label=${LABEL}`];
  const old = execFileSync("docker", list, { encoding: "utf8" }).split("\n").filter(Boolean);
  if (old.length > 0) {
    say(`removing ${old.length} containers of an earlier run`);
    execFileSync("docker", ["rm", "--force", "--volumes", ...old], { stdio: "ignore" });
  }
}

/** Not so for an engine that is far away, in a virtual machine or in a network namespace of its own. */
async function reachesThisMachine(redisCli: readonly [string, ...string[]]): Promise<boolean> {
  const listener = createServer((socket) => socket.once("data", () => socket.end("+PONG\r\n")));
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as { port: number };
  const [command, ...args] = redisCli;
  const [code] = await once(spawn(command, [...args, "-p", String(port), "PING"], { stdio: "ignore" }), "exit");
  listener.close();
  return code === 0;
}

/** @throws Error with the obstacle, as the rest of a sentence */
async function prepareContainers(): Promise<Redis> {
  const client = await getContainerRuntimeClient().catch((cause: unknown) => {
    throw new Error("testcontainers does not find it", { cause });
  });
  if (!hasImage(BROKER_IMAGES.redis)) {
    throw new Error(`the image ${BROKER_IMAGES.redis} is not available`);
  }
  if (!(await reachesThisMachine(CONTAINED_REDIS_CLI))) {
    throw new Error("its containers do not reach this machine's network");
  }
  removeOldContainers();
  const reaper = await getReaper(client).then(
    () => true,
    () => false,
  );
  if (!reaper) {
    say("testcontainers' reaper is not available: if this run is killed, the next one removes its containers");
  }
  return { redis: { kind: "container", image: BROKER_IMAGES.redis, reaper }, redisCli: CONTAINED_REDIS_CLI };
}

/** A container engine that does comes first; then redis-server, as it is on many a machine. */
async function prepareRedis(): Promise<Redis> {
  if (succeeds("docker", ["info"])) {
    try {
      return await prepareContainers();
    } catch (error) {
      say(`a container engine answers, but ${(error as Error).message}; using redis-server`);
    }
  }
  const server = findOrInstall(["redis-server"], ["redis-server"], "Redis");
  return { redis: { kind: "process", server }, redisCli: [findOrInstall(["redis-cli"], ["redis-tools"], "redis-cli")] };
}

/** In a container where Redis is in one. */
function prepareRabbitmq(redis: BrokerProvider): BrokerProvider {
  if (redis.kind === "container" && process.env.RABBITMQ_SERVER === undefined) {
    if (hasImage(BROKER_IMAGES.rabbitmq)) {
      return { ...redis, image: BROKER_IMAGES.rabbitmq };
    }
    say(`the image ${BROKER_IMAGES.rabbitmq} is not available; using rabbitmq-server`);
  }
  // Such as one that `debian-rabbitmq.ts` has unpacked; `rabbitmqctl` is beside it.
  const chosen = process.env.RABBITMQ_SERVER;
  const server =
    chosen === undefined
      ? findOrInstall([RABBITMQ_SERVER, "rabbitmq-server"], ["rabbitmq-server"], "RabbitMQ")
      : resolve(chosen);
  return { kind: "process", server };
}

function javaVersion(java: string): number {
  const { stderr } = spawnSync(java, ["-version"], { encoding: "utf8" });
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}

/** Made anew when the list of jars has changed. */
function copyKafkaJars(): void {
  const list = join(KAFKA_DIRECTORY, "pom.xml");
  const libs = join(process.cwd(), KAFKA_DIRECTORY, "libs");
  const stamp = join(libs, "pom.xml");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === readFileSync(list, "utf8")) {
    return;
  }
  say(`copying Kafka's jars into ${join(KAFKA_DIRECTORY, "libs")}`);
  rmSync(libs, { recursive: true, force: true });
  const maven = findOrInstall(["mvn"], ["maven"], "Maven");
  const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${libs}`, "-DincludeScope=runtime"];
  execFileSync(maven, ["--quiet", "--batch-mode", "--file", list, ...goal], { stdio: ["ignore", "ignore", "inherit"] });
  copyFileSync(list, stamp);
}

/** In a container where Redis is in one. */
async function prepareKafka(redis: BrokerProvider): Promise<BrokerProvider> {
  if (redis.kind === "container") {
    if (hasImage(BROKER_IMAGES.kafka)) {
      return { ...redis, image: BROKER_IMAGES.kafka };
    }
    say(`the image ${BROKER_IMAGES.kafka} is not available; using java`);
  }
  const server = findOrInstall(["java"], ["openjdk-17-jre-headless"], "Java, for Kafka,");
  const version = javaVersion(server);
  if (version < OLDEST_JAVA) {
    throw new Missing(`${server} is Java ${version}; Kafka needs ${OLDEST_JAVA} or later`);
  }
  copyKafkaJars();
  // Loading them is most of a start of Kafka.
  await archiveKafkaClasses({ kind: "process", server });
  return { kind: "process", server };
}

function describe(broker: BrokerProvider): string {
  return broker.kind === "container" ? `the image ${broker.image}` : broker.server;
}

async function prepare(): Promise<void> {
  const chromium = findOrInstallBrowser();
  const redis = await prepareRedis();
  const rabbitmq = prepareRabbitmq(redis.redis);
  const kafka = await prepareKafka(redis.redis);
  const environment: TestEnvironment = {
    python: prepareFixtures("requirements.txt", ".venv"),
    ...prepareOldKombu(),
    pythonWithPickles: prepareFixtures("releases/5.13.0.txt", ".venv-5.13.0"),
    pythonsOfEdge: {
      "5.10": prepareFixtures("requirements-edge-5.10.txt", ".venv-edge-5.10"),
      "5.15": prepareFixtures("requirements-edge-5.15.txt", ".venv-edge-5.15"),
    },
    pythonWithZmq: prepareFixtures("requirements-zmq.txt", ".venv-zmq"),
    pythonForPackage: preparePython(join("python", "requirements-dev.txt"), join("python", ".venv")),
    ...redis,
    rabbitmq,
    kafka,
    chromium,
  };
  writeFileSync(ENVIRONMENT_FILE, `${JSON.stringify(environment, null, 2)}\n`);
  const brokers = `Redis from ${describe(environment.redis)}, RabbitMQ from ${describe(rabbitmq)}, Kafka from ${describe(kafka)}`;
  say(`Python ${environment.python}, ${brokers}, browser ${chromium}`);
}

await runPreparation(prepare);
