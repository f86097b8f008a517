import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { Inbox } from "../../src/testing/inbox.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

export type Line = Readonly<Record<string, unknown>>;

let logFile = "build/bench.log";
let log: WriteStream | undefined;

/** Where the programs of a measurement write what they say on standard error. To be called before the first starts. */
export function logTo(file: string): void {
  logFile = file;
}

function toLog(title: string, text: string): void {
  log ??= createWriteStream(logFile);
  log.write(`${new Date().toISOString()} ${title}: ${text}\n`);
}

const RUNNING = new Set<ChildProcess>();

/** For a crash: those that are still running would outlive it. */
export function killPrograms(): void {
  for (const child of RUNNING) {
    child.kill("SIGKILL");
  }
}

export interface ProgramOptions {
  /** In the log, and in errors. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Sees each line first. @returns true for one that nobody will ask for */
  readonly onLine?: (line: Line) => boolean;
}

/** A process of the fleet that takes and gives JSON objects, one a line. It ends with its standard input. */
export class Program {
  readonly title: string;
  readonly #child: ChildProcess;
  #lines = new Inbox<Line>();

  constructor({ title, command, args, env, onLine = () => false }: ProgramOptions) {
    this.title = title;
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
    RUNNING.add(this.#child);
    const { stdin, stdout, stderr } = this.#child;
    // A killed process does not read any more, and that is no surprise here.
    stdin?.on("error", () => {});
    createInterface({ input: stdout as NodeJS.ReadableStream }).on("line", (text) => {
      const line = JSON.parse(text) as Line;
      if (!onLine(line)) {
        this.#lines.add(line);
      }
    });
    createInterface({ input: stderr as NodeJS.ReadableStream }).on("line", (text) => toLog(title, text));
    this.#child.once("close", (code, signal) => {
      RUNNING.delete(this.#child);
      toLog(title, `ended with ${signal ?? code}`);
      this.#lines.add({ event: "exit", code });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  tell(operation: Line): void {
    this.#child.stdin?.write(`${JSON.stringify(operation)}\n`);
  }

  /** @throws Error when it ends instead, or says nothing for so many milliseconds: half a minute, if not said */
  async event(name: string, patience?: number): Promise<Line> {
    const line = await this.#lines.find(
      `${name} from ${this.title}`,
      ({ event }) => event === name || event === "exit",
      patience,
    );
    if (line.event !== name) {
      throw new Error(`${this.title} ended; ${logFile} has its last words`);
    }
    return line;
  }

  /** Tells it, and waits for what it says from then on. @throws Error as `event` does */
  async ask(operation: Line, name: string, patience?: number): Promise<Line> {
    this.#lines = new Inbox<Line>();
    if (!this.#isRunning()) {
      this.#lines.add({ event: "exit" });
    }
    this.tell(operation);
    return this.event(name, patience);
  }

  async kill(): Promise<void> {
    if (this.#isRunning()) {
      const closed = once(this.#child, "close");
      this.#child.kill("SIGKILL");
      await closed;
    }
  }

  async end(): Promise<void> {
    if (this.#isRunning()) {
      const closed = once(this.#child, "close");
      this.#child.stdin?.end();
      await withTimeout(`the end of ${this.title}`, closed, 5_000).catch(() => this.kill());
    }
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}
