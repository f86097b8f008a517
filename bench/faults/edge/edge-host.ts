import { freePort } from "../../../scripts/environment/free-port.js";
import { Inbox } from "../../../src/testing/inbox.js";
import type { Program } from "../../../src/testing/program.js";
import { moduleArguments } from "../../shared/modules.js";
import { startProgram, terminateProgram, whileStarting } from "../../shared/programs.js";

export interface EdgeHostOptions {
  readonly name: string;
  readonly queue: string;
  readonly channel: string;
  readonly secret: string;
  /** URL of the workers. */
  readonly backend: string;
}

/** `serve --backend`, in a process of its own. */
export class EdgeHost {
  readonly port: number;
  isAlive = true;
  readonly #program: Program;

  private constructor(port: number, program: Program) {
    this.port = port;
    this.#program = program;
  }

  /** Resolves when clients can connect. */
  static async start({ name, queue, channel, secret, backend }: EdgeHostOptions): Promise<EdgeHost> {
    const port = await freePort();
    const log = new Inbox<string>();
    const flags = ["--port", `${port}`, "--queue", queue, "--channel", channel, "--backend", backend];
    const program = startProgram({
      title: name,
      command: process.execPath,
      args: [...moduleArguments("src/cli/main.ts"), "serve", ...flags],
      env: { SOCKETIO_BRIDGE_SECRET: secret },
      onLog: (line) => log.add(line),
    });
    await whileStarting(
      program,
      log.find(`${name} to be ready`, (line) => line.includes("ready")),
    );
    return new EdgeHost(port, program);
  }

  async kill(): Promise<void> {
    this.isAlive = false;
    await this.#program.kill();
  }

  async end(): Promise<void> {
    await terminateProgram(this.#program);
  }
}
