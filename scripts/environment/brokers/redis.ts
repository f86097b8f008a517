import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cleanUp, type Scope } from "../../../src/testing/scope.js";
import { testEnvironment } from "../environment.js";
import { freePort } from "../free-port.js";
import type { RunningBroker } from "./broker.js";
import { type EndServer, serverContainer, serverProcess } from "./server.js";

/** A real Redis, which keeps nothing over restarts. */
export type TestRedis = RunningBroker;

/**
 * @param args - as on the command line of redis-server
 * @param files - those that the arguments name
 */
export function startServer(
  args: readonly string[],
  readyLine: string,
  files: readonly string[] = [],
): Promise<EndServer> {
  const { redis } = testEnvironment();
  return redis.kind === "container"
    ? serverContainer(redis, ["redis-server", ...args], readyLine, { files })
    : serverProcess(redis.server, args, readyLine);
}

/** It writes no file, not even as a replica, and replicas of it need not wait. */
const SETTINGS = [
  ...["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
  ...["--repl-diskless-load", "swapdb", "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0"],
];

/**
 * Starts a Redis that lives until it is killed.
 *
 * @param files - those that the arguments name
 */
export async function launchRedis(args: readonly string[] = [], files: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const all = ["--port", String(port), ...SETTINGS, ...args];
  const start = () => startServer(all, "Ready to accept connections", files);
  let end = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    crash: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
    start: async () => {
      end = await start();
    },
    kill: () => end("SIGKILL"),
  };
}

/** Starts a Redis for this test alone; it is gone when the test is over. */
export async function startRedis(
  scope: Scope,
  args: readonly string[] = [],
  files: readonly string[] = [],
): Promise<TestRedis> {
  const server = await launchRedis(args, files);
  cleanUp(scope, () => server.kill());
  return server;
}

/**
 * A Sentinel that watches the given Redis under the given name.
 *
 * @param config - further lines of its sentinel.conf; with a certificate among them, it speaks TLS only
 * @param files - those that they name
 * @returns its port
 */
export async function startSentinel(
  scope: Scope,
  master: Pick<TestRedis, "port">,
  name: string,
  config: readonly string[] = [],
  files: readonly string[] = [],
): Promise<number> {
  const port = await freePort();
  // Sentinel rewrites its own file.
  const directory = mkdtempSync(join(tmpdir(), "sentinel-"));
  cleanUp(scope, () => rmSync(directory, { recursive: true }));
  const file = join(directory, "sentinel.conf");
  const watch = `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`;
  const isTls = config.some((line) => line.startsWith("tls-cert-file"));
  writeFileSync(
    file,
    [isTls ? `port 0\ntls-port ${port}` : `port ${port}`, "bind 127.0.0.1", watch, ...config, ""].join("\n"),
  );
  const end = await startServer([file, "--sentinel"], "+monitor master", [file, ...files]);
  cleanUp(scope, () => end());
  return port;
}
