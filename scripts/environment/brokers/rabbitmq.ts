import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { cleanUp, type Scope } from "../../../src/testing/scope.js";
import { type BrokerProvider, testEnvironment } from "../environment.js";
import { freePort } from "../free-port.js";
import type { RunningBroker } from "./broker.js";
import { type EndServer, serverContainer, serverProcess } from "./server.js";

/** A real RabbitMQ, which keeps its users, its durable queues and what is in them over restarts. Its URL is of guest in "/". */
export interface TestRabbitmq extends RunningBroker {
  /** A request to the HTTP API of its management plugin. @returns what it answers @throws Error with its words */
  api(method: "GET" | "PUT" | "POST" | "DELETE", path: string, body?: object): Promise<unknown>;
  /** Runs `rabbitmqctl`. @returns its output */
  ctl(...args: readonly string[]): Promise<string>;
}

const run = promisify(execFile);

/** RabbitMQ 4.3 refuses the queues of Python's managers otherwise; that of Debian knows no such setting. */
const PERMIT_QUEUES_OF_PYTHON = "deprecated_features.permit.transient_nonexcl_queues = true";

interface Node {
  readonly provider: BrokerProvider;
  readonly directory: string;
  readonly port: number;
  readonly managementPort: number;
  readonly env: Record<string, string>;
}

/** All of its own: name, ports, directories, and the name server of Erlang that it starts. */
async function defineNode(config: readonly string[], provider: BrokerProvider): Promise<Node> {
  const directory = mkdtempSync(join(tmpdir(), "rabbitmq-"));
  const [port, managementPort, distributionPort, epmdPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const file = (name: string, lines: readonly string[]) => {
    const path = join(directory, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  };
  const env = {
    HOME: directory,
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_NODENAME: `test${port}@localhost`,
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
    RABBITMQ_CONFIG_FILE: file("rabbitmq.conf", [
      "loopback_users = none",
      "management.tcp.ip = 127.0.0.1",
      `management.tcp.port = ${managementPort}`,
      ...(provider.kind === "container" ? [PERMIT_QUEUES_OF_PYTHON] : []),
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

async function startNode({ provider, directory, env }: Node): Promise<EndServer> {
  if (provider.kind === "container") {
    return serverContainer(provider, contained("rabbitmq-server", ["-noinput"]), READY, { env, directory });
  }
  const end = await serverProcess(provider.server, ["-noinput"], READY, { env, cwd: directory });
  return async (signal) => {
    await end(signal);
    spawnSync("epmd", ["-port", env.ERL_EPMD_PORT ?? "", "-kill"], { stdio: "ignore" });
  };
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
  return (await run("docker", ["run", ...options, ...variables, provider.image, ...contained("rabbitmqctl", args)]))
    .stdout;
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

/**
 * Starts a RabbitMQ that lives until it is killed.
 *
 * @param config - lines of rabbitmq.conf
 * @param provider - where it comes from. @default what `prepare.ts` has found
 */
export async function launchRabbitmq(
  config: readonly string[] = [],
  provider: BrokerProvider = testEnvironment().rabbitmq,
): Promise<TestRabbitmq> {
  const node = await defineNode(config, provider);
  let end = await startNode(node);
  return {
    url: `amqp://127.0.0.1:${node.port}//`,
    port: node.port,
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

/** Starts a RabbitMQ for this test alone. */
export async function startRabbitmq(scope: Scope, config: readonly string[] = []): Promise<TestRabbitmq> {
  const server = await launchRabbitmq(config);
  cleanUp(scope, () => server.kill());
  return server;
}
