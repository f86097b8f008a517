import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { Inbox } from "../../src/testing/inbox.js";
import { pythonPath } from "../../src/testing/python.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { modulePath, nodeArguments } from "./run-from.js";

export interface RunningProcess {
  readonly stdout: Inbox<string>;
  readonly stderr: Inbox<string>;
  readonly child: ChildProcess;
  /** Code or signal. */
  exited(): Promise<number | string>;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts a program, and kills it when the test is over if it is still there. */
export function startProcess(
  t: ExecutionContext,
  command: string,
  args: readonly string[],
  { cwd, env }: ProcessOptions = {},
): RunningProcess {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  const [stdout, stderr] = [new Inbox<string>(), new Inbox<string>()];
  createInterface({ input: child.stdout }).on("line", (line) => stdout.add(line));
  createInterface({ input: child.stderr }).on("line", (line) => stderr.add(line));
  cleanUp(t, async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    stdout,
    stderr,
    child,
    exited: async () => {
      const [code, signal] = await withTimeout(`the end of ${command} ${args.join(" ")}`, ended);
      return code ?? String(signal);
    },
  };
}

/** Node, able to import this repository's modules. */
export function startNode(t: ExecutionContext, args: readonly string[], options: ProcessOptions = {}): RunningProcess {
  return startProcess(t, process.execPath, [...nodeArguments, ...args], options);
}

/** A script in a process of its own, to see whether it ends. It finds its arguments in `process.argv` from 1 on. */
export function startScript(
  t: ExecutionContext,
  script: string,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): RunningProcess {
  return startNode(t, ["--input-type=module", "--eval", script, ...args], options);
}

/** The command line. */
export function startCli(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): RunningProcess {
  return startNode(t, [modulePath("src/cli/main.ts"), ...args], { env });
}

/** `serve`, as far as its banner. */
export async function startServe(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const server = startCli(t, ["serve", "--port", "0", ...args], env);
  const ready = await server.stdout.find("the banner", (line) => /ready/.test(line));
  const queue = await server.stdout.find("the queue", (line) => /queue/.test(line));
  return { ...server, url: String(/http:\S+/.exec(ready)?.[0]), queue: String(/\S+:\/\/\S+/.exec(queue)?.[0]) };
}

/** A program of `python-fixtures`, or one that imports `socketio_bridge`. */
export function startPython(
  t: ExecutionContext,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  interpreter = testEnvironment().python,
): RunningProcess {
  return startProcess(t, interpreter, args, {
    cwd: "python-fixtures",
    env: { PYTHONPATH: pythonPath("python/src"), ...env },
  });
}
