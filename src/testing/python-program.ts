import { type ChildProcessByStdio, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Inbox } from "./inbox.js";
import { cleanUp, type Scope } from "./scope.js";
import { fromTyped, toTyped } from "./typed-json.js";
import { withTimeout } from "./with-timeout.js";

export type Line = Readonly<Record<string, unknown>>;

/** A program of `python-fixtures` that runs, whether on this machine or in a container. */
export interface PythonProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** What it says of itself; absent where that goes to this process's own. */
  readonly stderr?: Readable | undefined;
  /** Resolves with its code, or with null if a signal ended it. */
  readonly exited: Promise<number | null>;
  /** For one that does not end with its standard input. */
  kill(): void;
}

/** An interpreter with python-socketio. */
export interface Python {
  /** @param script - a file of `python-fixtures` */
  start(script: string, args: readonly string[]): PythonProcess;
}

/**
 * An interpreter of this machine.
 *
 * @param directory - where `python-fixtures` are
 * @param stderr - `"pipe"` keeps what programs say of themselves, for a report
 */
export function localPython(interpreter: string, directory: string, stderr: "inherit" | "pipe" = "inherit"): Python {
  return {
    start: (script, args) => {
      const options = { cwd: directory, stdio: ["pipe", "pipe", stderr] } as const satisfies SpawnOptions;
      const child = spawn(interpreter, [script, ...args], options) as ChildProcessByStdio<
        Writable,
        Readable,
        Readable | null
      >;
      const exited = once(child, "exit").then(([code]) => code as number | null);
      return {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr ?? undefined,
        exited,
        kill: () => child.kill("SIGKILL"),
      };
    },
  };
}

/** How long a program may take to end when the run is over, in milliseconds. */
const END_MS = 3_000;

async function endProcess({ stdin, exited, kill }: PythonProcess): Promise<void> {
  stdin.end();
  try {
    await withTimeout("a Python program to end with its standard input", exited, END_MS);
  } catch {
    kill();
  }
}

/** The same interpreter, for a run that may be interrupted: its programs end with the scope at the latest. */
export function endingWith(scope: Scope, python: Python): Python {
  const running = new Set<PythonProcess>();
  let isOver = false;
  cleanUp(scope, async () => {
    isOver = true;
    await Promise.all([...running].map(endProcess));
  });
  return {
    start: (script, args) => {
      if (isOver) {
        throw new Error(`${script} is not started: the run is over`);
      }
      const started = python.start(script, args);
      running.add(started);
      const ended = () => running.delete(started);
      started.exited.then(ended, ended);
      return started;
    },
  };
}

/** Most lines that are kept of what a program says of itself. */
const MAX_LOG_LINES = 200;
/** Most of them that an error has: the end of a traceback. */
const MAX_LAST_WORDS = 12;

/** A program said why it cannot run here: a package is missing, say. */
export class Unavailable extends Error {
  /** The package. */
  readonly missing: string;

  constructor(missing: string, reason: string) {
    super(reason);
    this.missing = missing;
  }
}

/** A program of `python-fixtures` that speaks the line protocol of `wire.py`. */
export class PythonProgram {
  readonly lines = new Inbox<Line>();
  /** The newest lines of its standard error, and whatever else is not of the protocol. */
  readonly log: string[] = [];
  readonly #script: string;
  readonly #process: PythonProcess;
  #lastId = 0;

  constructor(python: Python, script: string, args: readonly string[]) {
    this.#script = script;
    this.#process = python.start(script, args);
    // A program that has ended does not read; its end is told below.
    this.#process.stdin.on("error", () => {});
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.#read(line));
    if (this.#process.stderr !== undefined) {
      createInterface({ input: this.#process.stderr }).on("line", (line) => this.#note(line));
    }
    this.#process.exited.then(
      (code) => this.lines.add({ event: "exit", code }),
      (error: Error) => this.lines.add({ event: "exit", code: null, error: error.message }),
    );
  }

  /** @throws Error with the words of the Python exception */
  async request(op: string, fields: Line = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#process.stdin.write(`${JSON.stringify({ id, op, ...(toTyped(fields) as Line) })}\n`);
    const isAnswer = (line: Line) => line.id === id || line.event === "exit";
    const answer = await this.lines.find(`the answer to ${op}`, isAnswer);
    if (answer.event === "exit") {
      throw new Error(this.withLastWords(`${this.#script} ended with code ${answer.code}`));
    }
    if ("error" in answer) {
      throw new Error(String(answer.error));
    }
    return fromTyped(answer.ok);
  }

  async event(name: string, fits: (line: Line) => boolean = () => true): Promise<Line> {
    return this.lines.find(`${name} from Python`, (line) => line.event === name && fits(line));
  }

  /**
   * Its line `ready`.
   *
   * @throws Unavailable with its reason, if it says so instead; Error with its last words, if it ends, or is not ready
   * in time
   */
  async ready(): Promise<Line> {
    const first = ["ready", "unavailable", "exit"];
    const isFirst = ({ event }: Line) => first.includes(String(event));
    const line = await this.lines.find(`${this.#script} to be ready`, isFirst).catch((cause: Error) => {
      throw new Error(this.withLastWords(cause.message), { cause });
    });
    if (line.event === "unavailable") {
      throw new Unavailable(String(line.missing), String(line.reason));
    }
    if (line.event === "exit") {
      const message = `${this.#script} ended before it was ready, with code ${line.code}`;
      throw new Error(line.error === undefined ? this.withLastWords(message) : `${message}: ${line.error}`);
    }
    return line;
  }

  /** For an error: the last line that it has said of itself, and below it what stood before. */
  withLastWords(message: string): string {
    const lines = this.log.filter((line) => line.trim() !== "").slice(-MAX_LAST_WORDS);
    const last = lines.at(-1);
    if (last === undefined) {
      return `${message}; ${this.#script} said nothing`;
    }
    const all = lines.length === 1 ? [] : [`The last words of ${this.#script}:`, ...lines.map((line) => `  ${line}`)];
    return [`${message}: ${last.trim()}`, ...all].join("\n");
  }

  /** Ends with its standard input. @returns its code, null after a signal */
  async end(): Promise<number | null> {
    this.#process.stdin.end();
    try {
      return await withTimeout("a Python program to end with its standard input", this.#process.exited);
    } catch (error) {
      this.#process.kill();
      throw error;
    }
  }

  #read(line: string): void {
    try {
      this.lines.add(JSON.parse(line) as Line);
    } catch {
      this.#note(line);
    }
  }

  #note(line: string): void {
    this.log.push(line);
    if (this.log.length > MAX_LOG_LINES) {
      this.log.shift();
    }
  }
}
