import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { cleanUp } from "./cleanup.js";
import { encodings, type PythonEncoding } from "./encodings.js";
import { testEnvironment } from "./environment.js";
import { Inbox, within } from "./once.js";
import { fromTyped, toTyped } from "./typed-json.js";

type Line = Readonly<Record<string, unknown>>;

/** A program of `python-fixtures` that speaks the line protocol of `wire.py`. */
export class PythonProgram {
  readonly lines = new Inbox<Line>();
  readonly #child: ChildProcess;
  #lastId = 0;

  constructor(script: string, args: readonly string[], python = testEnvironment().python) {
    this.#child = spawn(python, [script, ...args], { cwd: "python-fixtures", stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) =>
      this.lines.add(JSON.parse(line) as Line),
    );
    this.#child.once("exit", (code) => this.lines.add({ event: "exit", code }));
  }

  /** @throws Error with the words of the Python exception */
  async request(op: string, fields: Line = {}): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#child.stdin?.write(`${JSON.stringify({ id, op, ...(toTyped(fields) as Line) })}\n`);
    const answer = await this.lines.find(`the answer to ${op}`, (line) => line.id === id);
    if ("error" in answer) {
      throw new Error(String(answer.error));
    }
    return fromTyped(answer.ok);
  }

  async event(name: string, fits: (line: Line) => boolean = () => true): Promise<Line> {
    return this.lines.find(`${name} from Python`, (line) => line.event === name && fits(line));
  }

  /** Ends with its standard input. */
  async end(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, "exit");
      this.#child.stdin?.end();
      await within("a Python program to end with its standard input", exited);
    }
    return this.#child.exitCode;
  }
}

export type HostKind = "threaded" | "asgi";

/** A Python host of the fleet, or with `write-only` a manager without a server. */
export interface Peer {
  readonly program: PythonProgram;
  readonly url: string;
  readonly hostId: string;
  request(op: string, fields?: Line): Promise<unknown>;
}

export interface PeerOptions {
  /** Another interpreter, with other releases of the libraries. */
  readonly python?: string;
  readonly encoding?: PythonEncoding;
}

export async function startPeer(
  t: ExecutionContext,
  kind: HostKind | "write-only",
  queue: string,
  channel: string,
  { python = testEnvironment().python, encoding = encodings.python }: PeerOptions = {},
): Promise<Peer> {
  const args = ["--kind", kind, "--queue", queue, "--channel", channel];
  const program = new PythonProgram("peer.py", encoding === "plain" ? args : [...args, "--encoding", encoding], python);
  cleanUp(t, () => program.end());
  const { port, host_id } = await program.event("ready");
  return {
    program,
    url: `http://127.0.0.1:${port}`,
    hostId: String(host_id),
    request: (op, fields) => program.request(op, fields),
  };
}
