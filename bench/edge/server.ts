import { randomBytes, randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "../../scripts/environment/free-port.js";
import { Inbox } from "../../src/testing/inbox.js";
import type { Program } from "../../src/testing/program.js";
import { startProgram } from "../shared/programs.js";
import { CONTENDERS, type Contender, type ContenderName, type WorkerClass } from "./contenders.js";
import { cpuTimeOf, memoryOf, processTree } from "./process-tree.js";
import { edgePython } from "./python-interpreter.js";

/** Seconds that gunicorn gives an old worker after a HUP: a WebSocket does not end by itself. */
const GRACEFUL_SECONDS = 3;

/** Seconds after which gunicorn kills a worker that does not report: beside thousands of threads that may take long. */
const WORKER_TIMEOUT_SECONDS = 300;

/** How long a redeploy may take, and how often it is checked, in milliseconds. */
const REDEPLOY_MS = 45_000;
const POLL_MS = 50;

/** Threads of a worker behind an edge, as docs/edge.md starts it. */
const EDGE_THREADS = 8;

const ADDRESS = "127.0.0.1";

export interface ServerOptions {
  readonly redisUrl: string;
  /** Clients that it must be able to hold. */
  readonly clients: number;
  /** Of each worker behind an edge, of gthread and granian. */
  readonly threads?: number;
  /** Seconds after which gunicorn kills a worker that does not report. @default 300 */
  readonly workerTimeout?: number;
}

/** A program, and its lines. */
interface Started {
  readonly program: Program;
  readonly log: Inbox<string>;
}

async function start(
  title: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  isReady: (log: Inbox<string>) => Promise<unknown>,
): Promise<Started> {
  const log = new Inbox<string>();
  const program = startProgram({ title, command, args, env, isGroup: true, onLog: (line) => log.add(line) });
  const ended = program.exited.then(() => {
    throw new Error(program.withLastOutput(`${title} has ended`));
  });
  ended.catch(() => {});
  try {
    await Promise.race([isReady(log), ended]);
    return { program, log };
  } catch (error) {
    await program.kill();
    throw error;
  }
}

const GUNICORN_CLASSES: Readonly<Record<string, string>> = {
  gthread: "gthread",
  "gevent behind an edge": "gevent",
  // Flask-SocketIO needs it for WebSockets.
  gevent: "geventwebsocket.gunicorn.workers.GeventWebSocketWorker",
};

/** The command line of Python that serves an application. */
export function pythonCommand(
  { application, workerClass, hasEdge, workers }: Contender,
  port: number,
  { clients, threads = EDGE_THREADS, workerTimeout = WORKER_TIMEOUT_SECONDS }: Omit<ServerOptions, "redisUrl">,
): readonly string[] {
  if (workerClass === "uvicorn") {
    const module = application === "async-server" && hasEdge ? "async_server_worker:app" : "async_server_app:app";
    const address = ["--host", ADDRESS, "--port", String(port)];
    return ["-m", "uvicorn", "--app-dir", "bench/edge", ...address, "--no-access-log", module];
  }
  if (workerClass === "granian") {
    return [
      ...["-m", "granian", "--interface", "wsgi", "--working-dir", "bench/edge", "--host", ADDRESS],
      ...["--port", String(port), "--workers", String(workers), "--blocking-threads", String(threads)],
      "flask_socketio_worker:app",
    ];
  }
  const name = hasEdge && workerClass === "gevent" ? "gevent behind an edge" : workerClass;
  // Without an edge each client occupies a thread for as long as it is connected, and an HTTP request another.
  const held = clients + 20;
  const capacity = hasEdge ? threads : held;
  return [
    ...["-m", "gunicorn", "--chdir", "bench/edge", "--no-control-socket", "--bind", `${ADDRESS}:${port}`],
    ...["--workers", String(workers), "--worker-class", GUNICORN_CLASSES[name] ?? name],
    ...["--graceful-timeout", String(GRACEFUL_SECONDS), "--timeout", String(workerTimeout)],
    ...["--worker-connections", String(hasEdge ? 1_000 : held)],
    ...(workerClass === "gthread" ? ["--threads", String(capacity)] : []),
    hasEdge ? 'socketio_bridge:serve("flask_socketio_app:app")' : "flask_socketio_app:app",
  ];
}

const READY_LINES: Readonly<Record<WorkerClass, string>> = {
  gthread: "Booting worker",
  gevent: "Booting worker",
  granian: "Started worker",
  uvicorn: "Application startup complete",
};

/** A contender that runs: the processes of Python, and those of the edge. */
export class Server {
  readonly port: number;
  readonly #python: Started;
  readonly #edge: Started | undefined;
  readonly #readyLine: string;

  private constructor(port: number, python: Started, edge: Started | undefined, readyLine: string) {
    this.port = port;
    this.#python = python;
    this.#edge = edge;
    this.#readyLine = readyLine;
  }

  /** @throws Error with the last output of what does not start */
  static async start(name: ContenderName, options: ServerOptions): Promise<Server> {
    const contender: Contender = CONTENDERS[name];
    const channel = `bench-${randomUUID()}`;
    const port = await freePort();
    const queue = `${options.redisUrl}/0`;
    const secret = randomBytes(16).toString("hex");
    const readyLine = READY_LINES[contender.workerClass];
    const python = await start(
      ...([`${name} python`, edgePython(), pythonCommand(contender, port, options)] as const),
      {
        ...{ PYTHONPATH: resolve("python/src"), PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
        ...{ SOCKETIO_QUEUE: queue, SOCKETIO_CHANNEL: channel, SOCKETIO_BRIDGE_SECRET: secret },
        SOCKETIO_ASYNC_MODE: contender.workerClass === "gevent" ? "gevent" : "threading",
      },
      (log) => times(log, readyLine, contender.workers),
    );
    if (!contender.hasEdge) {
      return new Server(port, python, undefined, readyLine);
    }
    let edgePort = 0;
    const args = ["--queue", queue, "--channel", channel, "--backend", `http://${ADDRESS}:${port}`];
    try {
      const edge = await start(
        ...([`${name} edge`, process.execPath, ["build/src/cli/main.js", "serve", "--port", "0", ...args]] as const),
        { SOCKETIO_BRIDGE_SECRET: secret, NODE_ENV: "production" },
        async (log) => {
          const banner = await log.find("the edge to be ready", (line) => /\bready\b/.test(line));
          edgePort = Number(/http:\/\/[^:/]{1,100}:(\d{1,5})/.exec(banner)?.[1]);
        },
      );
      return new Server(edgePort, python, edge, readyLine);
    } catch (error) {
      await python.program.kill();
      throw error;
    }
  }

  /** CPU time of all its processes, in milliseconds. */
  cpu(): number {
    return cpuTimeOf(this.#pids());
  }

  /** Memory of all its processes, in bytes. */
  memory(): number {
    return memoryOf(this.#pids());
  }

  /** Has gunicorn replace its workers (HUP), and resolves when the old ones have ended. */
  async redeploy(): Promise<void> {
    const master = this.#python.program.pid ?? 0;
    const old = processTree(master).filter((pid) => pid !== master);
    const { log } = this.#python;
    const before = log.items.filter((line) => line.includes(this.#readyLine)).length;
    process.kill(master, "SIGHUP");
    await times(log, this.#readyLine, before + old.length);
    const deadline = performance.now() + REDEPLOY_MS;
    while (processTree(master).some((pid) => old.includes(pid))) {
      if (performance.now() > deadline) {
        throw new Error("the old workers of gunicorn have not ended");
      }
      await pause(POLL_MS);
    }
  }

  async end(): Promise<void> {
    await Promise.all([this.#python.program.kill(), this.#edge?.program.kill()]);
  }

  #pids(): readonly number[] {
    return [this.#python, this.#edge].flatMap((started) =>
      started?.program.pid === undefined ? [] : processTree(started.program.pid),
    );
  }
}

/** Resolves when so many lines have that text. */
async function times(log: Inbox<string>, text: string, count: number): Promise<void> {
  const found = () => log.items.filter((line) => line.includes(text)).length;
  await log.find(`${count} × ${JSON.stringify(text)}`, () => found() >= count);
}
