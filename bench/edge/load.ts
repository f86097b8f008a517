import type { Program } from "../../src/testing/program.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { AskedEvent } from "./load-clients.js";
import type { LoadOperation } from "./load-process.js";

/** Milliseconds that an operation may take beyond its own time. */
const TIMEOUT_MS = 60_000;

/** The process with the clients of a server. */
export class Load {
  readonly #program: Program;

  constructor() {
    const args = ["build/bench/edge/load-process.js"];
    this.#program = startProgram({ title: "load", command: process.execPath, args });
  }

  /** @returns clients per second */
  async connect(port: number, clients: number): Promise<number> {
    return (await this.#ask({ op: "connect", port, clients }, "connected", clients * 60)).rate as number;
  }

  /** @returns acknowledgements per second */
  async saturate(asked: AskedEvent, time: number): Promise<number> {
    return (await this.#ask({ op: "saturate", asked, time }, "saturated", time)).rate as number;
  }

  /** @returns milliseconds of each echo */
  async pace(count: number, interval: number): Promise<readonly number[]> {
    return (await this.#ask({ op: "pace", count, interval }, "paced", count * interval)).times as number[];
  }

  /** @returns emits */
  async fanOut(bytes: number, time: number, atOnce: number): Promise<number> {
    return (await this.#ask({ op: "fan-out", bytes, time, atOnce }, "delivered", time)).emits as number;
  }

  async trickle(interval: number): Promise<void> {
    await this.#ask({ op: "trickle", interval }, "trickling");
  }

  /** Ends the trickle. @returns events that were sent, and those of them that nobody answered */
  async stop(): Promise<{ readonly sent: number; readonly lost: number }> {
    const { sent, lost } = await this.#ask({ op: "stop" }, "stopped");
    return { sent: sent as number, lost: lost as number };
  }

  /** Clients that have been disconnected. */
  async gone(): Promise<{ readonly count: number; readonly reason: string | null }> {
    const { count, reason } = await this.#ask({ op: "gone" }, "gone");
    return { count: count as number, reason: reason as string | null };
  }

  end(): Promise<void> {
    return endProgram(this.#program);
  }

  #ask(operation: LoadOperation, event: string, time = 0) {
    return this.#program.sendAndWait({ ...operation }, event, time + TIMEOUT_MS);
  }
}
