import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cleanUp, type Scope } from "../../../src/testing/scope.js";
import { waitTimeout } from "../../../src/testing/with-timeout.js";
import { type BrokerProvider, testEnvironment } from "../environment.js";
import { freePort } from "../free-port.js";
import { type Cluster, launchNodes, type RunningBroker } from "./broker.js";
import { type EndServer, serverContainer, serverProcess } from "./server.js";

/** A real RabbitMQ, which keeps its users, its durable queues and what is in them over restarts. Its URL is of guest in "/". */
export interface TestRabbitmq extends RunningBroker {
  /** A request to the HTTP API of its management plugin. @returns what it answers @throws Error with its words */
  api(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
  /** Runs `rabbitmqctl`. @returns its output */
  ctl(...args: readonly string[]): Promise<string>;
}

const run = promisify(execFile);

/**
 * Python's managers declare queues that are neither durable nor exclusive, which RabbitMQ 4.3 refuses unless it is told
 * otherwise. As terms of Erlang, because releases before 3.12 do not know the setting, and ignore it there.
 */
const transientQueues = (arePermitted: boolean): string =>
  `[{rabbit, [{permit_deprecated_features, #{transient_nonexcl_queues => ${arePermitted}}}]}].`;

export interface RabbitmqSetup {
  /** Lines of rabbitmq.conf. */
  readonly config?: readonly string[];
  /** Whether the queues of Python's managers are accepted; before 3.12 they are in any case. @default true */
  readonly permitsTransientQueues?: boolean;
  /** Where it comes from. @default what `prepare.ts` has found */
  readonly provider?: BrokerProvider;
}

interface Node {
  readonly provider: BrokerProvider;
  readonly directory: string;
  readonly port: number;
  readonly managementPort: number;
  readonly env: Record<string, string>;
}

/** What the nodes of a cluster share. */
interface Membership {
  /** Of the name server of Erlang, which the first node starts. */
  readonly epmdPort: number;
  /** A secret that the nodes know each other by. */
  readonly cookie: string;
}

const newMembership = async (): Promise<Membership> => ({ epmdPort: await freePort(), cookie: randomUUID() });

/** A start takes six seconds of a processor, which others use too; the nodes of a cluster wait for each other besides. */
const START_MS = 90_000;

const nodeName = (port: number): string => `test${port}@localhost`;

/** Name, ports and directories are its own. */
async function defineNode(port: number, setup: RabbitmqSetup, { epmdPort, cookie }: Membership): Promise<Node> {
  const { config = [], permitsTransientQueues = true, provider = testEnvironment().rabbitmq } = setup;
  const directory = mkdtempSync(join(tmpdir(), "rabbitmq-"));
  const [managementPort, distributionPort] = [await freePort(), await freePort()];
  writeFileSync(join(directory, ".erlang.cookie"), cookie, { mode: 0o400 });
  const file = (name: string, lines: readonly string[]) => {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  };
  const env = {
    HOME: directory,
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_NODENAME: nodeName(port),
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_BASE: directory,
    RABBITMQ_MNESIA_BASE: join(directory, "mnesia"),
    RABBITMQ_LOGS: "-",
    RABBITMQ_PID_FILE: join(directory, "pid"),
    RABBITMQ_SCHEMA_DIR: join(directory, "schema"),
    RABBITMQ_GENERATED_CONFIG_DIR: join(directory, "config"),
    RABBITMQ_CONF_ENV_FILE: join(directory, "none"),
    // Those of the machine or the image; that of RabbitMQ counts no connections.
    RABBITMQ_CONFIG_FILES: join(directory, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: file("enabled_plugins", ["[rabbitmq_management]."]),
    RABBITMQ_ADVANCED_CONFIG_FILE: file("advanced.config", [transientQueues(permitsTransientQueues)]),
    RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", [
      "loopback_users = none",
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${managementPort}`,
      ...config,
    ]),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_RELAXED_COMMAND_CHECK: "1",
  };
  return { provider, directory, port, managementPort, env };
}

/** The image's entrypoint would start RabbitMQ's own programs as a user who has no access to the directory. */
const contained = (program: string, args: readonly string[]): readonly string[] => [
  ...["sh", "-c", 'exec "$0" "$@"', program],
  ...args,
];

const READY = "Server startup complete";

function startNode({ provider, directory, env }: Node): Promise<EndServer> {
  return waitTimeout.run(START_MS, () =>
    provider.kind === "container"
      ? serverContainer(provider, contained("rabbitmq-server", ["-noinput"]), READY, { env, directory })
      : serverProcess(provider.server, ["-noinput"], READY, { env, cwd: directory }),
  );
}

/** In a container it ends with its node. */
function endNameServer({ epmdPort }: Membership): void {
  if (testEnvironment().rabbitmq.kind === "process") {
    spawnSync("epmd", ["-port", String(epmdPort), "-kill"], {
      stdio: "ignore",
      env: { ...process.env, ERL_EPMD_RELAXED_COMMAND_CHECK: "1" },
    });
  }
}

/** Not synchronous: it takes a second or two, in which a bus has to answer the broker. */
async function ctl({ provider, directory, env }: Node, args: readonly string[]): Promise<string> {
  if (provider.kind === "process") {
    const command = join(dirname(provider.server), "rabbitmqctl");
    return (await run(command, args, { env: { ...process.env, ...env } })).stdout;
  }
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const options = ["--rm", "--network", "host", "--user", user, "--volume", `${directory}:${directory}`];
  const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const command = [provider.image, ...contained("rabbitmqctl", args)];
  return (await run("docker", ["run", ...options, ...variables, ...command])).stdout;
}

async function request(port: number, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/api/${path}`, {
    method,
    headers: { authorization: `Basic ${btoa("guest:guest")}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${response.status} ${text}`);
  }
  return text === "" ? undefined : JSON.parse(text);
}

async function launchNode(port: number, setup: RabbitmqSetup, membership: Membership): Promise<TestRabbitmq> {
  const node = await defineNode(port, setup, membership);
  let end = await startNode(node);
  return {
    url: `amqp://127.0.0.1:${port}//`,
    port,
    api: (method, path, body) => request(node.managementPort, method, path, body),
    ctl: (...args) => ctl(node, args),
    crash: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    start: async () => {
      end = await startNode(node);
    },
    kill: async () => {
      await end("SIGKILL");
      rmSync(node.directory, { recursive: true });
    },
  };
}

/** Starts a RabbitMQ that lives until it is killed. */
export async function launchRabbitmq(setup: RabbitmqSetup = {}): Promise<TestRabbitmq> {
  const membership = await newMembership();
  const node = await launchNode(await freePort(), setup, membership);
  return {
    ...node,
    kill: async () => {
      await node.kill();
      endNameServer(membership);
    },
  };
}

/** Starts a cluster of three nodes. */
export async function launchRabbitmqCluster(setup: Omit<RabbitmqSetup, "config"> = {}): Promise<Cluster<TestRabbitmq>> {
  const membership = await newMembership();
  const ports = [await freePort(), await freePort(), await freePort()];
  const members = ports.map((port, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${nodeName(port)}`);
  const config = ["cluster_formation.peer_discovery_backend = classic_config", ...members];
  const launch = (port: number) => launchNode(port, { ...setup, config }, membership);
  const nodes = await launchNodes(ports.map((port) => () => launch(port)));
  return {
    url: nodes.map(({ url }) => url).join(";"),
    nodes,
    kill: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      endNameServer(membership);
    },
  };
}

/** Starts a RabbitMQ for this test alone. */
export async function startRabbitmq(scope: Scope, setup: RabbitmqSetup = {}): Promise<TestRabbitmq> {
  const server = await launchRabbitmq(setup);
  cleanUp(scope, () => server.kill());
  return server;
}
