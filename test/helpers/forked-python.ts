import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, type Readable, type Writable } from "node:stream";
import type { Child } from "../../src/testing/child-process.js";
import { localPython, type Python, pythonPath } from "../../src/testing/python.js";

const DIRECTORY = "python-fixtures";

/** What each of these programs imports, whatever its arguments; others are started as such. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  "client.py": ["client", "aiohttp"],
  "peer.py": [
    "peer_hosts",
    "peer_flask",
    "socketio_bridge.msgpack",
    "socketio_bridge.kafka",
    "engineio.async_drivers.asgi",
    "engineio.async_drivers.threading",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "werkzeug.serving",
  ],
};

interface Header {
  readonly id: number;
  readonly stream: "stdin" | "stdout";
  readonly pid: number;
}

/** A program that was forked, or is about to be. */
class Fork implements Child {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly exited: Promise<number | null>;
  pid?: number;
  #signal?: NodeJS.Signals;
  readonly #ended: { resolve(code: number | null): void; reject(error: Error): void };

  constructor() {
    let ended: { resolve(code: number | null): void; reject(error: Error): void } | undefined;
    const code = new Promise<number | null>((resolve, reject) => {
      ended = { resolve, reject };
    });
    this.#ended = ended as NonNullable<typeof ended>;
    this.exited = Promise.all([code, once(this.stdout, "close")]).then(([value]) => value);
  }

  connect(socket: Socket, { stream, pid }: Header): void {
    this.pid = pid;
    // A program that ends closes its connections in the midst of what it is sent.
    socket.on("error", () => socket.destroy());
    if (stream === "stdin") {
      this.stdin.pipe(socket);
    } else {
      socket.pipe(this.stdout);
      socket.once("close", () => this.stdout.destroy());
    }
    if (this.#signal !== undefined) {
      this.kill(this.#signal);
    }
  }

  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.pid === undefined) {
      this.#signal = signal;
      return;
    }
    try {
      process.kill(this.pid, signal);
    } catch {
      // It has ended.
    }
  }

  end(code: number | null): void {
    this.#ended.resolve(code);
  }

  fail(error: Error): void {
    this.stdout.destroy();
    this.#ended.reject(error);
  }
}

type Pipe<Stream> = Stream & { unref(): void };
type ServerProcess = ChildProcessByStdio<Pipe<Writable>, Pipe<Readable>, null>;

/** The server of `fixtures/fork_server.py`, which ends with this process. */
class ForkServer {
  readonly #server: ServerProcess;
  readonly #running = new Map<number, Fork>();
  #lastId = 0;

  constructor(interpreter: string, modules: readonly string[]) {
    const directory = mkdtempSync(join(tmpdir(), "forks-"));
    process.once("exit", () => rmSync(directory, { recursive: true }));
    const path = join(directory, "socket");
    createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket))
      .listen(path)
      .unref();
    this.#server = spawn(interpreter, [resolve("test/fixtures/fork_server.py"), path, ...modules], {
      cwd: DIRECTORY,
      env: { ...process.env, PYTHONPATH: pythonPath("python/src") },
      stdio: ["pipe", "pipe", "inherit"],
    }) as ServerProcess;
    createInterface({ input: this.#server.stdout }).on("line", (line) => this.#ended(JSON.parse(line)));
    this.#server.once("error", (error) => this.#fail(error));
    this.#server.once("exit", () => this.#fail(new Error("the server of forks has ended")));
    this.#server.stdin.on("error", () => {});
    for (const handle of [this.#server, this.#server.stdin, this.#server.stdout]) {
      handle.unref();
    }
  }

  start(script: string, args: readonly string[]): Child {
    this.#lastId += 1;
    const fork = new Fork();
    this.#running.set(this.#lastId, fork);
    this.#server.ref();
    this.#server.stdin.write(`${JSON.stringify({ id: this.#lastId, script, args })}\n`);
    return fork;
  }

  #accept(socket: Socket): void {
    // The header is written in one piece, before anything else.
    socket.once("data", (chunk) => {
      socket.pause();
      const end = chunk.indexOf("\n");
      const header = JSON.parse(chunk.toString("utf8", 0, end)) as Header;
      socket.unshift(chunk.subarray(end + 1));
      this.#running.get(header.id)?.connect(socket, header);
    });
  }

  #ended({ id, code }: { readonly id: number; readonly code: number | null }): void {
    this.#running.get(id)?.end(code);
    this.#running.delete(id);
    if (this.#running.size === 0) {
      this.#server.unref();
    }
  }

  #fail(error: Error): void {
    for (const fork of this.#running.values()) {
      fork.fail(error);
    }
    this.#running.clear();
  }
}

const servers = new Map<string, ForkServer>();

/** An interpreter of this machine, whose hosts and clients start in a tenth of the time. */
export function forkedPython(interpreter: string): Python {
  const plain = localPython(interpreter, DIRECTORY);
  return {
    start: (script, args) => {
      const modules = MODULES[script];
      if (modules === undefined) {
        return plain.start(script, args);
      }
      const key = `${interpreter} ${script}`;
      const server = servers.get(key) ?? new ForkServer(interpreter, modules);
      servers.set(key, server);
      return server.start(script, args);
    },
  };
}
