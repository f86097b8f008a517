import { freePort } from "../../scripts/environment/free-port.js";
import type { Span } from "../shared/clock.js";
import { type Line, Program } from "../shared/programs.js";
import { upTo } from "./tally.js";
import type { Sent } from "./figures.js";
import type { HostOptions } from "./host-process.js";
import type { Network } from "./network.js";

/** What its bus told, for the raw numbers. */
export interface HostStatus {
  readonly type: string;
  readonly error?: string | undefined;
  readonly at: number;
}

interface Incarnation {
  readonly program: Program;
  readonly sender: string;
  sent: number;
  confirmed: number;
  isKilled: boolean;
}

export type HostSettings = Pick<HostOptions, "url" | "channel" | "heartbeatInterval">;

/** A TypeScript host in a process of its own, which can be killed and started again at the same address. */
export class TestedHost {
  readonly statuses: HostStatus[] = [];
  readonly #settings: HostSettings;
  readonly #network: Network;
  readonly #name: string;
  readonly #incarnations: Incarnation[] = [];
  #port = 0;

  /** @param name - of its messages' sender, to which the number of the process is added */
  constructor(name: string, settings: HostSettings, network: Network) {
    this.#name = name;
    this.#settings = settings;
    this.#network = network;
  }

  /** Resolves when it hears its channel and takes clients. */
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
    const program = new Program({ title: sender, command, args, onLine: (line) => this.#onLine(line) });
    this.#incarnations.push({ program, sender, sent: 0, confirmed: 0, isKilled: false });
    await program.event("ready");
  }

  get url(): string {
    return `http://${this.#network.hostAddress}:${this.#port}`;
  }

  /** All its processes, as their messages name them. */
  get allSenders(): readonly string[] {
    return this.#incarnations.map(({ sender }) => sender);
  }

  /** The one that runs. */
  get sender(): string {
    return this.#latest.sender;
  }

  send(rate: number): void {
    this.#latest.program.tell({ op: "send", rate });
  }

  /** No number is sent after this, and then a barrier. */
  finish(): void {
    this.#latest.program.tell({ op: "stop" });
    this.#latest.program.tell({ op: "barrier" });
  }

  /** Keeps its event loop busy. */
  async block(time: number): Promise<Span> {
    this.#latest.program.tell({ op: "block", time });
    const { from, to } = await this.#latest.program.event("unblocked");
    return { from: Number(from), to: Number(to) };
  }

  async kill(): Promise<void> {
    this.#latest.isKilled = true;
    await this.#latest.program.kill();
  }

  async end(): Promise<void> {
    await this.#incarnations.at(-1)?.program.end();
  }

  /** A killed process owes what it knew to be confirmed: the rest it may never have got out. */
  sent(): readonly Sent[] {
    return this.#incarnations.map(({ sender, sent, confirmed, isKilled }) => ({
      sender,
      count: isKilled ? confirmed : sent,
      accepted: upTo(confirmed),
      isOwedAll: !isKilled,
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
