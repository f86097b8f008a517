import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { cleanUp } from "./cleanup.js";
import { CONTAINER_LABEL, type RedisProvider, testEnvironment } from "./environment.js";
import { within } from "./once.js";

/** A real Redis on a port that stays the same over restarts. */
export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As if the machine had lost power. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const bound = new Promise<boolean>((resolve) => {
    probe.once("listening", () => resolve(true)).once("error", () => resolve(false));
  });
  probe.listen(port, "127.0.0.1");
  const free = await bound;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

/**
 * Not one of those that a system hands out by itself, from 32768 on: any of these may go to another socket before the
 * server starts, or while it is down.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(10_000, 32_768);
  return (await isFree(port)) ? port : freePort();
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

type ContainerProvider = Extract<RedisProvider, { kind: "container" }>;

/**
 * On the network of this machine, as the process would be: a published port would be open to other machines too, and
 * might accept connections while there is no Redis behind it.
 */
async function serverContainer(
  { image, reaper }: ContainerProvider,
  args: readonly string[],
  readyLine: string,
  files: readonly string[],
): Promise<() => Promise<void>> {
  if (!reaper) {
    // Without this it would start nothing at all.
    process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
  }
  const { GenericContainer, Wait } = await import("testcontainers");
  const container = await new GenericContainer(image)
    .withLabels({ [CONTAINER_LABEL.name]: CONTAINER_LABEL.value })
    .withNetworkMode("host")
    .withCopyFilesToContainer(files.map((file) => ({ source: file, target: file, mode: 0o666 })))
    .withCommand(["redis-server", ...args])
    .withWaitStrategy(Wait.forLogMessage(readyLine))
    .start();
  return async () => {
    await container.stop({ timeout: 0 });
  };
}

/**
 * @param args - as on the command line of redis-server
 * @param files - those that the arguments name
 * @returns a function that kills it
 */
function startServer(
  args: readonly string[],
  readyLine: string,
  files: readonly string[] = [],
): Promise<() => Promise<void>> {
  const { redis } = testEnvironment();
  return redis.kind === "container"
    ? serverContainer(redis, args, readyLine, files)
    : serverProcess(redis.server, args, readyLine);
}

/** Starts a Redis that lives until it is killed. */
export async function launchRedis(args: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const all = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...args];
  const start = () => startServer(all, "Ready to accept connections");
  let kill = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill: () => kill(),
    start: async () => {
      kill = await start();
    },
  };
}

/** Starts a Redis for this test alone; it is gone when the test is over. */
export async function startRedis(t: ExecutionContext, args: readonly string[] = []): Promise<TestRedis> {
  const server = await launchRedis(args);
  cleanUp(t, () => server.kill());
  return server;
}

/** A Sentinel that watches the given Redis under the given name. */
export async function startSentinel(t: ExecutionContext, master: TestRedis, name: string): Promise<number> {
  const port = await freePort();
  // Sentinel rewrites its own file.
  const directory = mkdtempSync(join(tmpdir(), "sentinel-"));
  cleanUp(t, () => rmSync(directory, { recursive: true }));
  const file = join(directory, "sentinel.conf");
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor ${name} 127.0.0.1 ${master.port} 1\n`);
  cleanUp(t, await startServer([file, "--sentinel"], "+monitor master", [file]));
  return port;
}
