import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { within } from "./fleet/once.js";
import { cleanUp, type Scope } from "./fleet/scope.js";

/** How long a group may take to end when it is asked to, in milliseconds. */
const PATIENCE_MS = 3_000;

/** Windows has none. */
const HAS_GROUPS = process.platform !== "win32";

export interface Group {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves with its code, null after a signal, when all output is read. @throws Error when it cannot be started */
  readonly closed: Promise<number | null>;
}

function send({ child }: Group, signal: NodeJS.Signals): void {
  try {
    if (HAS_GROUPS && child.pid !== undefined) {
      process.kill(-child.pid, signal);
    } else {
      child.kill(signal);
    }
  } catch {
    // All of them are gone.
  }
}

/** Whoever holds the output of the program is one of its group. */
async function end(group: Group): Promise<void> {
  const closed = (what: string) => within(what, group.closed, PATIENCE_MS);
  // What Ctrl-C sends: pip removes its own temporary directories then.
  send(group, "SIGINT");
  try {
    await closed("an interrupted program");
  } catch {
    send(group, "SIGKILL");
    await closed("a killed program");
  }
}

/** Starts a program that ends with the scope, and with it what it has started itself. */
export function startGroup(scope: Scope, command: string, args: readonly string[]): Group {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], detached: HAS_GROUPS });
  const closed = once(child, "close").then(([code]) => code as number | null);
  const group = { child, closed };
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  closed.then(over, over);
  cleanUp(scope, () => (isOver ? undefined : end(group)));
  return group;
}
