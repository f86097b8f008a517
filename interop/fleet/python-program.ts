import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { Inbox, within } from "./once.js";
import { fromTyped, toTyped } from "./typed-json.js";

export type Line = Readonly<Record<string, unknown>>;

/** A program of `python-fixtures` that runs, whether on this machine or in a container. */
export interface PythonProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves with its code, or with null if a signal ended it. */
  readonly exited: Promise<number | null>;
}

/** An interpreter with python-socketio. */
export interface Python {
  /** @param script - a file of `python-fixtures` */
  start(script: string, args: readonly string[]): PythonProcess;
}

/** An interpreter of this machine. @param directory - where `python-fixtures` are */
export function localPython(interpreter: string, directory: string): Python {
  return {
    start: (script, args) => {
      const child = spawn(interpreter, [script, ...args], { cwd: directory, stdio: ["pipe", "pipe", "inherit"] });
      const exited = once(child, "exit").then(([code]) => code as number | null);
      return { stdin: child.stdin, stdout: child.stdout, exited };
    },
  };
}

/** A program of `python-fixtures` that speaks the line protocol of `wire.py`. */
export class PythonProgram {
  readonly lines = new Inbox<Line>();
  readonly #process: PythonProcess;
  #lastId = 0;

  constructor(python: Python, script: string, args: readonly string[]) {
    this.#process = python.start(script, args);
    // A program that has ended does not read; its end is told below.
    this.#process.stdin.on("error", () => {});
    createInterface({ input: this.#process.stdout }).on("line", (line) => this.lines.add(JSON.parse(line) as Line));
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
    const answer = await this.lines.find(`the answer to ${op}`, (line) => line.id === id);
    if ("error" in answer) {
      throw new Error(String(answer.error));
    }
    return fromTyped(answer.ok);
  }

  async event(name: string, fits: (line: Line) => boolean = () => true): Promise<Line> {
    return this.lines.find(`${name} from Python`, (line) => line.event === name && fits(line));
  }

  /** Ends with its standard input. @returns its code, null after a signal */
  async end(): Promise<number | null> {
    this.#process.stdin.end();
    return within("a Python program to end with its standard input", this.#process.exited);
  }
}
