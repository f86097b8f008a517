import { fileURLToPath } from "node:url";
import type { Program } from "../../src/testing/program.js";
import { endProgram, startProgram } from "../shared/programs.js";
import type { Question, Sample, TargetOptions } from "./target-process.js";

/** This file runs from TypeScript or compiled, and so does the process. */
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const TARGET_PROCESS = fileURLToPath(new URL(`target-process${EXTENSION}`, import.meta.url));
const FLAGS = ["--expose-gc", ...(EXTENSION === ".ts" ? [`--import=${import.meta.resolve("tsx")}`] : [])];

const START_MS = 60_000;
/** It may be reading something that takes its time. */
const ANSWER_MS = 120_000;

/** What a process says of itself. */
export interface TargetAnswer {
  readonly name: string;
  /** Why it is not alive. */
  readonly death: string | undefined;
  readonly sample: Sample | undefined;
  /** How many answered it, or why that failed. */
  readonly asked: number | string;
}

/** A process that is attacked. It is started again after its death, so that the next attack finds it. */
export class Target {
  readonly name: string;
  readonly #options: TargetOptions;
  #program: Program;
  #port = 0;

  private constructor(name: string, options: TargetOptions) {
    this.name = name;
    this.#options = options;
    this.#program = this.#spawn();
  }

  static async start(name: string, options: TargetOptions): Promise<Target> {
    const target = new Target(name, options);
    await target.#ready();
    return target;
  }

  /** Of a host. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isHost(): boolean {
    return this.#options.kind === "host";
  }

  get isAlive(): boolean {
    return !this.#program.lines.items.some(({ event }) => event === "exit");
  }

  async reset(): Promise<void> {
    await this.#ask({ op: "reset" }, "reset");
  }

  /** Since the last reset. */
  async sample(): Promise<Sample> {
    return (await this.#ask({ op: "sample" }, "sample")) as unknown as Sample;
  }

  /** Never rejects. */
  async answer(): Promise<TargetAnswer> {
    const { name } = this;
    try {
      const answered = await this.#ask({ op: "ask" }, "answered");
      const sample = await this.sample();
      return { name, death: undefined, sample, asked: (answered.count ?? answered.error) as number | string };
    } catch (error) {
      const [death = ""] = (error as Error).message.split("\n");
      return { name, death, sample: undefined, asked: "dead" };
    }
  }

  async restart(): Promise<void> {
    await this.#program.kill();
    this.#program = this.#spawn();
    await this.#ready();
  }

  async end(): Promise<void> {
    await endProgram(this.#program);
  }

  #spawn(): Program {
    const args = [...FLAGS, TARGET_PROCESS, JSON.stringify(this.#options)];
    return startProgram({ title: this.name, command: process.execPath, args });
  }

  async #ready(): Promise<void> {
    const { port } = await this.#program.event("ready", undefined, START_MS);
    this.#port = Number(port);
  }

  #ask(question: Question, event: string) {
    return this.#program.sendAndWait({ ...question }, event, ANSWER_MS);
  }
}
