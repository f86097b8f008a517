import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { cleanUp, type Scope } from "./scope.js";

/** A running program and its pipes, on this machine or in a container. */
export interface Child {
  readonly pid?: number | undefined;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Absent where the program writes to the standard error of this process. */
  readonly stderr?: Readable | undefined;
  /** Resolves with the exit code, or null after a signal, once all output was read. Rejects if it cannot be started. */
  readonly exited: Promise<number | null>;
  /** @param signal - @default "SIGKILL" */
  kill(signal?: NodeJS.Signals): void;
}

export interface SpawnOptions {
  readonly cwd?: string;
  /** On top of the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** @default "pipe" */
  readonly stderr?: "inherit" | "pipe";
  /** Puts the program at the head of a process group of its own. @default false */
  readonly detached?: boolean;
}

/** Starts a program with pipes. */
export function spawnChild(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const { cwd, env, stderr = "pipe", detached = false } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", stderr],
    detached,
  }) as ChildProcessByStdio<Writable, Readable, Readable | null>;
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr ?? undefined,
    exited: once(child, "close").then(([code]) => code as number | null),
    kill: (signal = "SIGKILL") => child.kill(signal),
  };
}

/** How long a process group may take to end after a signal, and how often it is checked, in milliseconds. */
const GROUP_END_MS = 3_000;
const GROUP_POLL_MS = 20;

/** Windows has no process groups. */
const HAS_GROUPS = process.platform !== "win32";

/** @param signal - 0 only checks. @returns whether any process of the group exists */
function signalGroup({ pid, kill }: Child, signal: NodeJS.Signals | 0): boolean {
  if (!HAS_GROUPS || pid === undefined) {
    if (signal !== 0) {
      kill(signal);
    }
    return false;
  }
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Waits for the whole group: the program may exit before the programs that it started. */
async function groupHasEnded(child: Child): Promise<boolean> {
  const deadline = performance.now() + GROUP_END_MS;
  while (signalGroup(child, 0)) {
    if (performance.now() > deadline) {
      return false;
    }
    await setTimeout(GROUP_POLL_MS);
  }
  return true;
}

async function endGroup(child: Child): Promise<void> {
  // As Ctrl-C does: pip cleans up after itself then.
  signalGroup(child, "SIGINT");
  if (!(await groupHasEnded(child))) {
    signalGroup(child, "SIGKILL");
    await groupHasEnded(child);
  }
}

/** Starts a program that ends with the scope, together with every program that it started itself. */
export function spawnGroup(scope: Scope, command: string, args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const child = spawnChild(command, args, { env, detached: HAS_GROUPS });
  let hasEnded = false;
  const ended = () => {
    hasEnded = true;
  };
  child.exited.then(ended, ended);
  cleanUp(scope, () => (hasEnded ? undefined : endGroup(child)));
  return child;
}
