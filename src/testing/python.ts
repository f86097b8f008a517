import { delimiter, join, resolve } from "node:path";
import { type Child, spawnChild } from "./child-process.js";
import { Program } from "./program.js";
import { cleanUp, type Scope } from "./scope.js";
import { withTimeout } from "./with-timeout.js";

/** An interpreter with python-socketio. */
export interface Python {
  /** @param script - a file of `python-fixtures` */
  start(script: string, args: readonly string[]): Child;
}

/** @returns a `PYTHONPATH` of these directories, and of those that this process was given */
export function pythonPath(...directories: readonly string[]): string {
  const given = process.env.PYTHONPATH ?? "";
  return [...directories.map((directory) => resolve(directory)), given].filter(Boolean).join(delimiter);
}

/**
 * An interpreter of this machine.
 *
 * @param directory - where `python-fixtures` are. The package `socketio_bridge`, whose managers they use, is beside them
 * @param stderr - `"pipe"` keeps what programs write to it, for a report
 */
export function localPython(interpreter: string, directory: string, stderr: "inherit" | "pipe" = "inherit"): Python {
  const env = { PYTHONPATH: pythonPath(join(directory, "..", "python", "src")) };
  return { start: (script, args) => spawnChild(interpreter, [script, ...args], { cwd: directory, env, stderr }) };
}

/** How long a program may take to end when the run is over, in milliseconds. */
const END_MS = 3_000;

async function endProcess({ stdin, exited, kill }: Child): Promise<void> {
  stdin.end();
  try {
    await withTimeout("a Python program to end with its standard input", exited, END_MS);
  } catch {
    kill();
  }
}

/** The same interpreter, for a run that may be interrupted: its programs end with the scope at the latest. */
export function endingWith(scope: Scope, python: Python): Python {
  const running = new Set<Child>();
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

/** Starts a program of `python-fixtures` that speaks the line protocol of `wire.py`. */
export function startPythonProgram(python: Python, script: string, args: readonly string[]): Program {
  return new Program(script, python.start(script, args));
}
