import { createInterface } from "node:readline";
import type { Child } from "./child-process.js";
import { Inbox } from "./inbox.js";
import { fromTyped, toTyped } from "./typed-json.js";
import { withTimeout } from "./with-timeout.js";

/** One JSON object of the line protocol. */
export type Line = Readonly<Record<string, unknown>>;

/** Lines of standard error that are kept. */
const MAX_LOG_LINES = 200;
/** Of these, the lines that an error quotes: the end of a traceback. */
const MAX_QUOTED_LINES = 12;

/** Why a program cannot run here: a package is missing, for example. */
export class Unavailable extends Error {
  /** The package. */
  readonly missing: string;

  constructor(missing: string, reason: string) {
    super(reason);
    this.missing = missing;
  }
}

export interface ProgramOptions {
  /** Sees each line first. @returns true for a line that nobody waits for; it is not kept */
  readonly onLine?: (line: Line) => boolean;
  /** Sees each line of standard error. */
  readonly onLog?: (line: string) => void;
}

/** A program that reads and writes one JSON object a line, and ends with its standard input. */
export class Program {
  readonly name: string;
  readonly lines = new Inbox<Line>();
  /** The newest lines of standard error, and of standard output what is not JSON. */
  readonly log: string[] = [];
  readonly #child: Child;
  readonly #options: ProgramOptions;
  #lastId = 0;

  /** @param name - for errors */
  constructor(name: string, child: Child, options: ProgramOptions = {}) {
    this.name = name;
    this.#child = child;
    this.#options = options;
    // A program that has ended does not read; the line `exit` below reports that.
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (text) => this.#read(text));
    if (child.stderr !== undefined) {
      createInterface({ input: child.stderr }).on("line", (text) => this.#addToLog(text));
    }
    child.exited.then(
      (code) => this.lines.add({ event: "exit", code }),
      (error: Error) => this.lines.add({ event: "exit", code: null, error: error.message }),
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with the exit code, or null after a signal. */
  get exited(): Promise<number | null> {
    return this.#child.exited;
  }

  /** Sends a line that is not answered. */
  send(line: Line): void {
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
  }

  /**
   * The first line with that event, past or future.
   *
   * @throws Error when the program ends instead, or writes no such line in time
   */
  async event(name: string, matches: (line: Line, index: number) => boolean = () => true, timeout?: number) {
    const isEvent = (line: Line, index: number) => line.event === name && matches(line, index);
    const line = await this.lines.find(
      `${name} from ${this.name}`,
      (line, index) => isEvent(line, index) || line.event === "exit",
      timeout,
    );
    if (line.event !== name) {
      throw new Error(this.withLastOutput(`${this.name} ended with code ${line.code}`));
    }
    return line;
  }

  /** Sends a line and waits for the event that follows it. @throws Error as `event` does */
  async sendAndWait(line: Line, name: string, timeout?: number): Promise<Line> {
    const sent = this.lines.items.length;
    this.send(line);
    return this.event(name, (_, index) => index >= sent, timeout);
  }

  /** Sends a request of `python-fixtures/wire.py` and waits for its reply. @throws Error with the Python exception */
  async request(op: string, fields: Line = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.send({ id, op, ...(toTyped(fields) as Line) });
    const isReply = (line: Line) => line.id === id || line.event === "exit";
    const reply = await this.lines.find(`the reply to ${op}`, isReply);
    if (reply.event === "exit") {
      throw new Error(this.withLastOutput(`${this.name} ended with code ${reply.code}`));
    }
    if ("error" in reply) {
      throw new Error(String(reply.error));
    }
    return fromTyped(reply.ok);
  }

  /**
   * The line `ready`.
   *
   * @throws Unavailable with the reason when the program writes `unavailable` instead; Error with its last output when
   * it ends, or is not ready in time
   */
  async ready(): Promise<Line> {
    const first = ["ready", "unavailable", "exit"];
    const isFirst = ({ event }: Line) => first.includes(String(event));
    const line = await this.lines.find(`${this.name} to be ready`, isFirst).catch((cause: Error) => {
      throw new Error(this.withLastOutput(cause.message), { cause });
    });
    if (line.event === "unavailable") {
      throw new Unavailable(String(line.missing), String(line.reason));
    }
    if (line.event === "exit") {
      const message = `${this.name} ended before it was ready, with code ${line.code}`;
      throw new Error(line.error === undefined ? this.withLastOutput(message) : `${message}: ${line.error}`);
    }
    return line;
  }

  /** For an error: the last line of the log, and below it the lines before. */
  withLastOutput(message: string): string {
    const lines = this.log.filter((line) => line.trim() !== "").slice(-MAX_QUOTED_LINES);
    const last = lines.at(-1);
    if (last === undefined) {
      return `${message}; ${this.name} wrote nothing to stderr`;
    }
    const all = lines.length === 1 ? [] : [`The last lines of ${this.name}:`, ...lines.map((line) => `  ${line}`)];
    return [`${message}: ${last.trim()}`, ...all].join("\n");
  }

  /**
   * Closes its standard input and waits for its end.
   *
   * @returns the exit code, null after a signal
   * @throws Error when it does not end in time; it is killed then
   */
  async end(timeout?: number): Promise<number | null> {
    this.#child.stdin.end();
    try {
      return await withTimeout(`${this.name} to end with its standard input`, this.#child.exited, timeout);
    } catch (error) {
      this.#child.kill();
      throw error;
    }
  }

  /** Kills it with SIGKILL and waits for its end. */
  async kill(): Promise<void> {
    this.#child.kill();
    // It may never have started.
    await this.#child.exited.catch(() => {});
  }

  #read(text: string): void {
    const line = parseLine(text);
    if (line === undefined) {
      this.#addToLog(text);
    } else if (this.#options.onLine?.(line) !== true) {
      this.lines.add(line);
    }
  }

  #addToLog(text: string): void {
    this.log.push(text);
    if (this.log.length > MAX_LOG_LINES) {
      this.log.shift();
    }
    this.#options.onLog?.(text);
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}
