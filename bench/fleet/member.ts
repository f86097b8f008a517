import { fileURLToPath } from "node:url";
import { testEnvironment } from "../../scripts/environment/environment.js";
import type { Line, Program } from "../../src/testing/program.js";
import { pythonPath } from "../../src/testing/python.js";
import { now } from "../shared/clock.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { Link } from "./link.js";
import type { NodeOptions } from "./node-process.js";
import { type FateRun, NUMBERS_OF_A_LIFE, type Operation } from "./operations.js";
import { isNode, type MemberPlan } from "./roster.js";

/** Numbers that a member has emitted in one loop. */
export interface EmittedRun {
  /** Of the operation; null for those at a steady rate. */
  readonly id: number | null;
  readonly first: number;
  readonly count: number;
  /** When the loop began. */
  readonly at: number;
}

export interface SettledRun {
  readonly first: number;
  readonly last: number;
  readonly fate: FateRun[2];
  /** When that was known here. */
  readonly at: number;
}

/** A status of the bus of a Node process. */
export interface MemberStatus {
  readonly type: string;
  readonly at: number;
  readonly error?: string;
  /** Of `dropped`. */
  readonly reason?: string;
  readonly count?: number;
  /** Which of the processes that the member has been, from 0. */
  readonly life: number;
}

/** The end of one of the processes that the member has been, in their order. */
export interface Death {
  readonly at: number;
}

export interface MemberSettings {
  readonly url: string;
  readonly channel: string;
  readonly heartbeatInterval: number;
  readonly swallow?: NodeOptions["swallow"];
}

/** This file runs from TypeScript or compiled, and so do the processes. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const NODE_PROCESS = fileURLToPath(new URL(`node-process${EXTENSION}`, import.meta.url));
const NODE_FLAGS = EXTENSION === ".ts" ? [`--import=${import.meta.resolve("tsx")}`] : [];

/** How long a process may take to start: its broker may be busy. */
const START_MS = 90_000;

/** A process of the fleet, and what it has done. It can be killed, and started again at the same address. */
export class Member {
  readonly plan: MemberPlan;
  readonly link: Link;
  readonly emitted: EmittedRun[] = [];
  readonly settled: SettledRun[] = [];
  readonly statuses: MemberStatus[] = [];
  readonly deaths: Death[] = [];
  readonly #settings: MemberSettings;
  #program: Program | undefined;
  #port = 0;
  #lives = 0;
  #heardAt = now();

  constructor(plan: MemberPlan, link: Link, settings: MemberSettings) {
    this.plan = plan;
    this.link = link;
    this.#settings = settings;
  }

  get name(): string {
    return this.plan.name;
  }

  /** Of a host. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isAlive(): boolean {
    return this.#program !== undefined;
  }

  /** For how long the process has said nothing, though every message that it emits is a line. */
  get silence(): number {
    return now() - this.#heardAt;
  }

  /** Resolves when it is subscribed, and accepts clients if it is a host. */
  async start(): Promise<void> {
    const numbersFrom = this.#lives * NUMBERS_OF_A_LIFE;
    this.#lives += 1;
    const life = this.#lives;
    const onLine = (line: Line) => this.#onLine(line, life - 1);
    const title = `${this.name} ${life}`;
    const program = isNode(this.plan)
      ? startProgram({ title, onLine, command: process.execPath, args: this.#nodeArguments(numbersFrom) })
      : startProgram({
          ...{ title, onLine, command: testEnvironment().python, args: this.#pythonArguments(numbersFrom) },
          // The fixtures import each other by name, and the package.
          env: { PYTHONPATH: pythonPath("python-fixtures", "python/src"), PYTHONUNBUFFERED: "1" },
        });
    this.#program = program;
    const { port } = await program.event("ready", undefined, START_MS);
    this.#port = Number(port);
    this.#heardAt = now();
  }

  send(operation: Operation): void {
    this.#program?.send({ ...operation });
  }

  /** @throws Error when it ends instead */
  async sendAndWait(operation: Operation, event: string, timeout?: number): Promise<Line> {
    if (this.#program === undefined) {
      throw new Error(`${this.name} is not running`);
    }
    return this.#program.sendAndWait({ ...operation }, event, timeout);
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    const { pid } = this.#program ?? {};
    if (pid !== undefined) {
      process.kill(pid, signal);
    }
  }

  async kill(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    // Its last lines count: they are read before this resolves.
    await program?.kill();
    this.deaths.push({ at: now() });
  }

  async end(): Promise<void> {
    if (this.#program !== undefined) {
      await endProgram(this.#program);
    }
  }

  #nodeArguments(numbersFrom: number): readonly string[] {
    const { name, kind } = this.plan;
    const options: NodeOptions = {
      ...this.#settings,
      ...{ name, kind: kind as NodeOptions["kind"], port: this.#port, numbersFrom },
    };
    return [...NODE_FLAGS, NODE_PROCESS, JSON.stringify(options)];
  }

  #pythonArguments(numbersFrom: number): readonly string[] {
    const { url, channel } = this.#settings;
    const { name, kind } = this.plan;
    const address = ["--queue", url, "--channel", channel, "--port", String(this.#port)];
    const identity = ["--kind", kind, "--name", name, "--numbers-from", String(numbersFrom)];
    return ["bench/fleet/python_process.py", ...identity, ...address];
  }

  /** @returns true for what is recorded here */
  #onLine({ event, ...line }: Line, life: number): boolean {
    this.#heardAt = now();
    switch (event) {
      case "emits":
        this.emitted.push(line as unknown as EmittedRun);
        return true;
      case "settled":
        for (const [first, last, fate] of line.runs as readonly FateRun[]) {
          this.settled.push({ first, last, fate, at: now() });
        }
        return true;
      case "status":
        this.statuses.push({ ...line, life } as unknown as MemberStatus);
        return true;
      default:
        return false;
    }
  }
}
