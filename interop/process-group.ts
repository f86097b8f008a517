import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { cleanUp, type Scope } from "../src/testing/scope.js";

/** How long a group may take to end after a signal, and how often it is looked for, in milliseconds. */
const PATIENCE_MS = 3_000;
const POLL_MS = 20;

/** Windows has none. */
const HAS_GROUPS = process.platform !== "win32";

type Child = ChildProcessByStdio<null, Readable, Readable>;

export interface Group {
  readonly child: Child;
  /** Resolves with its code, null after a signal, when all output is read. @throws Error when it cannot be started */
  readonly closed: Promise<number | null>;
}

/** @param signal - 0 sends nothing. @returns whether anybody was there */
function send(child: Child, signal: NodeJS.Signals | 0): boolean {
  try {
    return HAS_GROUPS && child.pid !== undefined ? process.kill(-child.pid, signal) : child.kill(signal);
  } catch {
    return false;
  }
}

/** Waits for all of them: the program may end before those that it has started. */
async function isGone(child: Child): Promise<boolean> {
  const deadline = performance.now() + PATIENCE_MS;
  while (send(child, 0)) {
    if (performance.now() > deadline) {
      return false;
    }
    await setTimeout(POLL_MS);
  }
  return true;
}

async function end(child: Child): Promise<void> {
  // As Ctrl-C does; pip cleans up after itself then.
  send(child, "SIGINT");
  if (!(await isGone(child))) {
    send(child, "SIGKILL");
    await isGone(child);
  }
}

/** Starts a program that ends with the scope, and with it what it has started itself. */
export function startGroup(scope: Scope, command: string, args: readonly string[], env: NodeJS.ProcessEnv): Group {
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: HAS_GROUPS,
    env: { ...process.env, ...env },
  });
  const closed = once(child, "close").then(([code]) => code as number | null);
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  closed.then(over, over);
  cleanUp(scope, () => (isOver ? undefined : end(child)));
  return { child, closed };
}
