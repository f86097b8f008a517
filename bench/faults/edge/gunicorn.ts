import { delimiter, resolve } from "node:path";
import { testEnvironment } from "../../../scripts/environment/environment.js";
import { freePort } from "../../../scripts/environment/free-port.js";
import type { Inbox } from "../../../src/testing/inbox.js";
import type { Line, Program } from "../../../src/testing/program.js";
import { signalProgram, startProgram, terminateProgram, whileRunning, whileStarting } from "../../shared/programs.js";
import { THREADS, WORKERS } from "./names.js";

export interface GunicornOptions {
  readonly queue: string;
  readonly channel: string;
  readonly secret: string;
  /** Takes what the workers write: see `recorded_app.py`. */
  readonly record: Inbox<Line>;
}

/** The application behind the edge. It can be reloaded, or stopped and started at the same port. */
export class Gunicorn {
  readonly port: number;
  readonly #options: GunicornOptions;
  #program: Program | undefined;

  private constructor(port: number, options: GunicornOptions) {
    this.port = port;
    this.#options = options;
  }

  static async start(options: GunicornOptions): Promise<Gunicorn> {
    const gunicorn = new Gunicorn(await freePort(), options);
    await gunicorn.start();
    return gunicorn;
  }

  /** Resolves when all workers are there. */
  async start(): Promise<void> {
    const { queue, channel, secret, record } = this.#options;
    const paths = [resolve("python/src"), resolve("bench/faults/edge"), process.env.PYTHONPATH ?? ""];
    const booted = this.#more("boot");
    this.#program = startProgram({
      title: "gunicorn",
      command: testEnvironment().python,
      args: [
        ...["-m", "gunicorn", "--bind", `127.0.0.1:${this.port}`, "--workers", `${WORKERS}`, "--threads", `${THREADS}`],
        'socketio_bridge:serve("recorded_app:app")',
      ],
      env: {
        PYTHONPATH: paths.filter(Boolean).join(delimiter),
        SOCKETIO_QUEUE: queue,
        SOCKETIO_CHANNEL: channel,
        SOCKETIO_BRIDGE_SECRET: secret,
      },
      onLine: (line) => {
        record.add(line);
        return true;
      },
    });
    await whileStarting(this.#program, booted);
  }

  /** Resolves when every worker is a new one, and the old ones have ended. */
  async reload(): Promise<void> {
    const replaced = Promise.all([this.#more("boot"), this.#more("exit")]);
    if (this.#program !== undefined) {
      signalProgram(this.#program, "SIGHUP");
      await whileRunning(this.#program, replaced);
    }
  }

  /** Kills one of the workers. Resolves when another one has taken its place. */
  async killWorker(pid: number): Promise<void> {
    const replaced = this.#more("boot", 1);
    process.kill(pid, "SIGKILL");
    await replaced;
  }

  async stop(): Promise<void> {
    if (this.#program !== undefined) {
      await terminateProgram(this.#program);
    }
  }

  /** Resolves when that many lines of that kind have come, from now on: one of each worker. */
  async #more(kind: string, count = WORKERS): Promise<void> {
    const { record } = this.#options;
    let seen = 0;
    const from = record.items.length;
    await record.find(`${count} × ${kind}`, ({ event }, index) => {
      seen += index >= from && event === kind ? 1 : 0;
      return seen === count;
    });
  }
}
