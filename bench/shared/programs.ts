import { createWriteStream, type WriteStream } from "node:fs";
import { type Child, spawnChild } from "../../src/testing/child-process.js";
import { type Line, Program } from "../../src/testing/program.js";

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

/** Kills the programs that are still running; they would outlive a crash of this process. */
export function killPrograms(): void {
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
  /** Sees each line of standard error, and of standard output what is not JSON. */
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

/** Starts a program of a measurement. */
export function startProgram(started: ProgramCommand): Program {
  const { title, command, args, env = {}, onLine = () => false, onLog = () => {}, isGroup = false } = started;
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

/** How long a program may take to end with its standard input, in milliseconds. */
const END_MS = 5_000;

/** Ends a program, by force if need be. */
export async function endProgram(program: Program): Promise<void> {
  await program.end(END_MS).catch(() => program.kill());
}
