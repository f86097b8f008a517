import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
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

/** @param args - as on the command line of redis-server */
async function redisProcess(server: string, port: number, args: readonly string[]): Promise<TestRedis> {
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const common = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const started = spawn(server, [...common, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    const lines = createInterface({ input: started.stdout });
    await within(
      `redis-server on port ${port}`,
      new Promise<void>((resolve, reject) => {
        lines.on("line", (line) => line.includes("Ready to accept connections") && resolve());
        started.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
        started.once("error", reject);
      }),
    );
  };
  const kill = async (): Promise<void> => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    }
  };
  await start();
  return { url: `redis://127.0.0.1:${port}`, port, kill, start };
}

async function redisContainer(image: string, port: number, args: readonly string[]): Promise<TestRedis> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const build = () =>
    new GenericContainer(image)
      .withCommand(["redis-server", "--save", "", "--appendonly", "no", ...args])
      .withExposedPorts({ container: 6379, host: port })
      .withWaitStrategy(Wait.forLogMessage("Ready to accept connections"));
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
