import type { Line, Program } from "../../../src/testing/program.js";
import { moduleArguments } from "../../shared/modules.js";
import { endProgram, startProgram } from "../../shared/programs.js";
import type { Disconnect, SentEvent } from "./figures.js";
import type { LoadOperation, LoadOptions } from "./load-process.js";

/** What the clients have seen. */
export interface Ledger {
  readonly sent: readonly SentEvent[];
  readonly disconnects: readonly Disconnect[];
}

/** Beyond what the process itself waits. */
const REPORT_MS = 10_000;

/** The clients, in a process of their own. */
export class Load {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Resolves when all clients are connected. */
  static async start(options: LoadOptions): Promise<Load> {
    const program = startProgram({
      title: "the clients",
      command: process.execPath,
      args: [...moduleArguments("bench/faults/edge/load-process.ts"), JSON.stringify(options)],
    });
    const load = new Load(program);
    try {
      await program.event("connected");
    } catch (error) {
      await load.end();
      throw error;
    }
    return load;
  }

  send(rate: number): void {
    this.#do({ op: "send", rate });
  }

  /** Has a client send an event that takes its time. */
  hold(client: number): void {
    this.#do({ op: "hold", client });
  }

  /** Stops sending. @param time - milliseconds that acknowledgements may still take */
  async finish(time: number): Promise<Ledger> {
    this.#do({ op: "finish", time });
    const finished: unknown = await this.#program.event("finished", () => true, time + REPORT_MS);
    return finished as Ledger;
  }

  end(): Promise<void> {
    return endProgram(this.#program);
  }

  #do(operation: LoadOperation): void {
    this.#program.send(operation as unknown as Line);
  }
}
