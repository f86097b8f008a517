import { freePort } from "../../scripts/environment/free-port.js";
import type { Line, Program } from "../../src/testing/program.js";
import type { Span } from "../shared/clock.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { Sent } from "./figures.js";
import type { HostOptions } from "./host-process.js";
import type { Network } from "./network.js";
import { upTo } from "./tally.js";

/** A status of the host's bus, for the raw numbers. */
export interface HostStatus {
  readonly type: string;
  readonly error?: string | undefined;
  readonly at: number;
}

/** One of the processes that the host has been. */
interface Incarnation {
  readonly program: Program;
  readonly sender: string;
  sent: number;
  confirmed: number;
  wasKilled: boolean;
}

export type HostSettings = Pick<HostOptions, "url" | "channel" | "heartbeatInterval">;

/** The TypeScript host under test. It can be killed and started again at the same address. */
export class TestedHost {
  readonly statuses: HostStatus[] = [];
  readonly #settings: HostSettings;
  readonly #network: Network;
  readonly #name: string;
  readonly #incarnations: Incarnation[] = [];
  #port = 0;

  /** @param name - prefix of the sender in its messages; the number of the process follows */
  constructor(name: string, settings: HostSettings, network: Network) {
    this.#name = name;
    this.#settings = settings;
    this.#network = network;
  }

  /** Resolves when it is subscribed and accepts clients. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const sender = `${this.#name} ${this.#incarnations.length + 1}`;
    const { hostAddress: address, prefix } = this.#network;
    const options: HostOptions = { ...this.#settings, address, port: this.#port, sender };
    const [command = "", ...args] = [
      ...prefix,
      process.execPath,
      "build/bench/faults/host-process.js",
      JSON.stringify(options),
    ];
    const program = startProgram({ title: sender, command, args, onLine: (line) => this.#onLine(line) });
    this.#incarnations.push({ program, sender, sent: 0, confirmed: 0, wasKilled: false });
    await program.event("ready");
  }

  get url(): string {
    return `http://${this.#network.hostAddress}:${this.#port}`;
  }

  /** The senders of all its processes. */
  get allSenders(): readonly string[] {
    return this.#incarnations.map(({ sender }) => sender);
  }

  /** The sender of the current process. */
  get sender(): string {
    return this.#latest.sender;
  }

  send(rate: number): void {
    this.#latest.program.send({ op: "send", rate });
  }

  /** Stops sending numbers, and emits a barrier. */
  finish(): void {
    this.#latest.program.send({ op: "stop" });
    this.#latest.program.send({ op: "barrier" });
  }

  /** Blocks its event loop. */
  async block(time: number): Promise<Span> {
    this.#latest.program.send({ op: "block", time });
    const { from, to } = await this.#latest.program.event("unblocked");
    return { from: Number(from), to: Number(to) };
  }

  async kill(): Promise<void> {
    this.#latest.wasKilled = true;
    await this.#latest.program.kill();
  }

  async end(): Promise<void> {
    const latest = this.#incarnations.at(-1);
    if (latest !== undefined) {
      await endProgram(latest.program);
    }
  }

  /** Of a killed process only the confirmed messages must arrive: it may never have sent the rest. */
  sent(): readonly Sent[] {
    return this.#incarnations.map(({ sender, sent, confirmed, wasKilled }) => ({
      sender,
      count: wasKilled ? confirmed : sent,
      accepted: upTo(confirmed),
      mustAllArrive: !wasKilled,
    }));
  }

  get #latest(): Incarnation {
    const latest = this.#incarnations.at(-1);
    if (latest === undefined) {
      throw new Error(`${this.#name} was not started`);
    }
    return latest;
  }

  #onLine(line: Line): boolean {
    if (line.event === "count") {
      Object.assign(this.#latest, { sent: Number(line.sent), confirmed: Number(line.confirmed) });
    } else if (line.event === "status") {
      this.statuses.push(line as unknown as HostStatus);
    } else {
      return false;
    }
    return true;
  }
}
