import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { cleanUp } from "./cleanup.js";
import { testEnvironment } from "./environment.js";
import { within } from "./once.js";

/** A real Redis on a port that stays the same over restarts. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As if the machine had lost power. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}

/** @returns a function that kills it */
async function serverProcess(server: string, args: readonly string[], readyLine: string): Promise<() => Promise<void>> {
  const child = spawn(server, args, { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  await within(
    `"${readyLine}" from redis-server ${args.join(" ")}`,
    new Promise<void>((resolve, reject) => {
      lines.on("line", (line) => line.includes(readyLine) && resolve());
      child.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
      child.once("error", reject);
    }),
  );
  return async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  };
}

const READY_LINE = "Ready to accept connections";
const WITHOUT_FILES = ["--save", "", "--appendonly", "no"];

/** @param args - as on the command line of redis-server */
async function redisProcess(server: string, port: number, args: readonly string[]): Promise<TestRedis> {
  const all = ["--port", String(port), "--bind", "127.0.0.1", ...WITHOUT_FILES, ...args];
  let kill = await serverProcess(server, all, READY_LINE);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => kill(),
    start: async () => {
      kill = await serverProcess(server, all, READY_LINE);
    },
  };
}

async function sentinelContainer(image: string, config: string): Promise<() => Promise<unknown>> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(image)
    .withNetworkMode("host")
    .withCopyContentToContainer([{ content: config, target: "/tmp/sentinel.conf", mode: 0o666 }])
    .withCommand(["redis-server", "/tmp/sentinel.conf", "--sentinel"])
    .withWaitStrategy(Wait.forLogMessage("+monitor master"))
    .start();
  return () => container.stop();
}

async function redisContainer(image: string, port: number, args: readonly string[]): Promise<TestRedis> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const build = () =>
    new GenericContainer(image)
      .withCommand(["redis-server", ...WITHOUT_FILES, ...args])
      .withExposedPorts({ container: 6379, host: port })
      .withWaitStrategy(Wait.forLogMessage(READY_LINE));
  let container = await build().start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: async () => {
      await container.stop({ timeout: 0 });
    },
    start: async () => {
      container = await build().start();
    },
  };
}

/** Starts a Redis that lives until it is killed. */
export async function launchRedis(args: readonly string[] = []): Promise<TestRedis> {
  const { redis } = testEnvironment();
  const port = await freePort();
  return redis.kind === "container" ? redisContainer(redis.image, port, args) : redisProcess(redis.server, port, args);
}

/** Starts a Redis for this test alone; it is gone when the test is over. */
export async function startRedis(t: ExecutionContext, args: readonly string[] = []): Promise<TestRedis> {
  const server = await launchRedis(args);
  cleanUp(t, () => server.kill());
  return server;
}

/** A Sentinel that watches the given Redis under the given name. */
export async function startSentinel(t: ExecutionContext, master: TestRedis, name: string): Promise<number> {
  const { redis } = testEnvironment();
  const port = await freePort();
  const config = `port ${port}\nbind 127.0.0.1\nsentinel monitor ${name} 127.0.0.1 ${master.port} 1\n`;
  // Sentinel rewrites its own file.
  const directory = mkdtempSync(join(tmpdir(), "sentinel-"));
  cleanUp(t, () => rmSync(directory, { recursive: true }));
  const file = join(directory, "sentinel.conf");
  writeFileSync(file, config, { mode: 0o666 });
  const sentinel =
    redis.kind === "container"
      ? await sentinelContainer(redis.image, config)
      : await serverProcess(redis.server, [file, "--sentinel"], "+monitor master");
  cleanUp(t, sentinel);
  return port;
}
