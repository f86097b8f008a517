import { createWriteStream, type WriteStream } from "node:fs";
import { type Child, spawnChild } from "../../src/testing/child-process.js";
import { type Line, Program } from "../../src/testing/program.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

let logFile = "build/bench.log";
let log: WriteStream | undefined;

/** Where programs log their standard error. Call before the first one is started. */
export function logTo(file: string): void {
  logFile = file;
}

function writeLog(title: string, text: string): void {
  log ??= createWriteStream(logFile);
  log.write(`${new Date().toISOString()} ${title}: ${text}\n`);
}

const RUNNING = new Set<Program>();

let isOver = false;

/** Kills the programs that are still running; they would outlive a crash of this process. None is started any more. */
export function killPrograms(): void {
  isOver = true;
  for (const program of RUNNING) {
    void program.kill().catch(() => {});
  }
}

export interface ProgramCommand {
  /** In the log and in errors. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** See `ProgramOptions` of `Program`. */
  readonly onLine?: (line: Line) => boolean;
  /** Sees each line of standard error, and of standard output what is not JSON. They are logged besides. */
  readonly onLog?: (line: string) => void;
  /** Whether the processes that it starts itself are killed with it. @default false */
  readonly isGroup?: boolean;
}

/** At the head of a process group of its own, which is killed as a whole. */
function spawnGroup({ command, args, env = {} }: ProgramCommand): Child {
  const child = spawnChild(command, args, { env, detached: true });
  const kill = (signal: NodeJS.Signals = "SIGKILL"): void => {
    try {
      process.kill(-(child.pid ?? Number.NaN), signal);
    } catch {
      // It has ended, or was never started.
    }
  };
  return { ...child, kill };
}

/** Starts a program of a measurement. @throws Error when the measurement is over */
export function startProgram(started: ProgramCommand): Program {
  const { title, command, args, env = {}, onLine = () => false, onLog = () => {}, isGroup = false } = started;
  if (isOver) {
    throw new Error(`${title} is not started: the measurement is over`);
  }
  const child = isGroup ? spawnGroup(started) : spawnChild(command, args, { env });
  const program = new Program(title, child, {
    onLine,
    onLog: (line) => {
      writeLog(title, line);
      onLog(line);
    },
  });
  RUNNING.add(program);
  const ended = (how: unknown) => {
    RUNNING.delete(program);
    writeLog(title, `ended with ${how}`);
  };
  program.exited.then(ended, ended);
  return program;
}

/** Ends a program as a service manager does. */
export async function terminateProgram(program: Program): Promise<void> {
  signalProgram(program, "SIGTERM");
  await withTimeout(`the end of ${program.name}`, program.exited).catch(() => program.kill());
}

export function signalProgram({ pid }: Program, signal: NodeJS.Signals): void {
  if (pid !== undefined) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

/** @throws Error when the program ends before that, with its last output */
export async function whileRunning<T>(program: Program, what: Promise<T>): Promise<T> {
  const ended = program.exited.then((code) => {
    throw new Error(program.withLastOutput(`${program.name} ended with code ${code}`));
  });
  return Promise.race([what, ended]);
}

/** The same while it starts: where that fails, it is killed. */
export async function whileStarting<T>(program: Program, what: Promise<T>): Promise<T> {
  try {
    return await whileRunning(program, what);
  } catch (error) {
    await program.kill();
    throw error;
  }
}

/** How long a program may take to end with its standard input, in milliseconds. */
const END_MS = 5_000;

/** Ends a program, by force if need be. */
export async function endProgram(program: Program): Promise<void> {
  await program.end(END_MS).catch(() => program.kill());
}
