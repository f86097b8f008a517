import type { ExecutionContext } from "ava";
import { freePort } from "../../scripts/environment/free-port.js";
import { pythonPath } from "../../src/testing/python.js";
import { cleanUp } from "../../src/testing/scope.js";
import { type RunningProcess, startPython, startServe } from "./process.js";

export const EDGE_SECRET = "a-secret-of-the-tests";

export interface GunicornOptions {
  /** `module:attribute`, or what else gunicorn takes. */
  readonly app: string;
  readonly workers: number;
  readonly threads?: number;
  /** What else gunicorn is given. */
  readonly args?: readonly string[] | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** @default that of the tests */
  readonly python?: string | undefined;
  /** @default a free one */
  readonly port?: number;
}

export interface Gunicorn extends RunningProcess {
  readonly url: string;
  readonly port: number;
  /** Resolves when so many workers are there, of all that there were since the start. */
  booted(workers: number): Promise<void>;
}

/** Environment of workers: the package of this repository, and the secret. */
export const edgeEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  PYTHONPATH: pythonPath("python/src"),
  SOCKETIO_BRIDGE_SECRET: EDGE_SECRET,
});

/** Starts gunicorn, and resolves when all of its workers are there. */
export async function startGunicorn(
  t: ExecutionContext,
  { app, workers, threads = 20, args: more = [], env, python, port: given }: GunicornOptions,
): Promise<Gunicorn> {
  const port = given ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const args = ["--bind", address, "--workers", String(workers), "--threads", String(threads), ...more, app];
  const server = startPython(t, ["-m", "gunicorn", ...args], edgeEnvironment(env), python);
  cleanUp(t, async () => {
    // Killed, it would leave its workers to find that out for themselves.
    server.child.kill("SIGTERM");
    await server.exited();
  });
  const booted = async (count: number): Promise<void> => {
    const lines = () => server.stderr.items.filter((line) => line.includes("Booting worker")).length;
    await server.stderr.find(`worker ${count}`, () => lines() >= count);
  };
  await booted(workers);
  return { ...server, url: `http://${address}`, port, booted };
}

/** The same with uvicorn. @returns its address */
export async function startUvicorn(
  t: ExecutionContext,
  { app, workers, env }: Pick<GunicornOptions, "app" | "workers" | "env">,
): Promise<string> {
  const port = await freePort();
  const address = ["--host", "127.0.0.1", "--port", String(port)];
  // A client that polls is no reason to wait.
  const args = [...address, "--workers", String(workers), "--timeout-graceful-shutdown", "1", app];
  const server = startPython(t, ["-m", "uvicorn", ...args], edgeEnvironment(env));
  cleanUp(t, async () => {
    // Killed, it would leave its workers behind.
    server.child.kill("SIGTERM");
    await server.exited();
  });
  const started = () => server.stderr.items.filter((line) => line.includes("Application startup complete")).length;
  await server.stderr.find(`worker ${workers}`, () => started() >= workers);
  return `http://127.0.0.1:${port}`;
}

/** `serve` before these workers, as far as its banner. */
export const startEdge = (t: ExecutionContext, args: readonly string[]) =>
  startServe(t, args, { SOCKETIO_BRIDGE_SECRET: EDGE_SECRET });

/** A Celery worker, and resolves when it takes tasks. */
export async function startCelery(t: ExecutionContext, app: string, env: NodeJS.ProcessEnv): Promise<void> {
  const quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"];
  const args = ["-m", "celery", "-A", app, "worker", "--pool", "solo", "--loglevel", "info", ...quiet];
  const worker = startPython(t, args, env);
  await worker.stderr.find("a Celery worker", (line) => line.endsWith(" ready."));
}
