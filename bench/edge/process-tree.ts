import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of a clock tick, in which the kernel tells CPU time: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** @returns undefined for a process that has ended */
function read(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** What follows the name of the program, which may hold spaces, in `/proc/PID/stat`. */
const statOf = (pid: number): readonly string[] | undefined => {
  const text = read(pid, "stat");
  return text?.slice(text.lastIndexOf(")") + 2).split(" ");
};

const STATE = 0;
const PARENT = 1;
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const ZOMBIE = "Z";

/** A process, and all that it has started, directly or not. */
export function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (stat !== undefined && stat[STATE] !== ZOMBIE) {
      const parent = Number(stat[PARENT]);
      children.set(parent, [...(children.get(parent) ?? []), pid]);
    }
  }
  const below = (pid: number): readonly number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root);
}

/** CPU time of processes in milliseconds, with that of threads that have ended. Of processes that have ended: 0. */
export function cpuTimeOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = statOf(pid);
    return stat === undefined ? 0 : Number(stat[USER_TIME]) + Number(stat[SYSTEM_TIME]);
  });
  return ticks.reduce((sum, value) => sum + value, 0) * TICK_MS;
}

/** Bytes of memory of processes: what several of them share counts once among them (PSS). */
export function memoryOf(pids: readonly number[]): number {
  const kibibytes = pids.map((pid) =>
    Number(/^Pss:\s+(\d{1,15}) kB$/m.exec(read(pid, "smaps_rollup") ?? "")?.[1] ?? 0),
  );
  return kibibytes.reduce((sum, value) => sum + value, 0) * 1_024;
}
