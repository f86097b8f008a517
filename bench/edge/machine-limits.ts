import { readFileSync } from "node:fs";

/** Of Flask-SocketIO under gthread: gunicorn's, and those for reading, writing and pings. */
const THREADS_PER_CLIENT = 4;
/** Mappings of a thread: its stack, and the page below that guards it. */
const MAPPINGS_PER_THREAD = 2;
/** Besides those of the clients. */
const RESERVE = 500;

/** What limits the clients of this machine. `Infinity` where there is no limit, or none that can be read. */
export interface MachineLimits {
  readonly openFiles: number;
  readonly processes: number;
  readonly pids: number;
  readonly threads: number;
  readonly mappings: number;
}

function numberIn(file: string, pattern = /(\d{1,19})/): number {
  try {
    return Number(pattern.exec(readFileSync(file, "utf8"))?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

export function machineLimits(): MachineLimits {
  return {
    openFiles: numberIn("/proc/self/limits", /^Max open files {1,20}(\d{1,19})/m),
    processes: numberIn("/proc/self/limits", /^Max processes {1,20}(\d{1,19})/m),
    pids: numberIn("/proc/sys/kernel/pid_max"),
    threads: numberIn("/proc/sys/kernel/threads-max"),
    mappings: numberIn("/proc/sys/vm/max_map_count"),
  };
}

/**
 * @param threaded - of a server with threads for each client
 * @returns what to do before so many clients can be held, a line each
 */
export function obstacles(clients: number, threaded: number, limits: MachineLimits): readonly string[] {
  const threads = threaded * THREADS_PER_CLIENT + RESERVE;
  const needs: readonly (readonly [limit: number, needed: number, remedy: string])[] = [
    [limits.openFiles, clients + RESERVE, "ulimit -n"],
    [limits.processes, threads, "ulimit -u"],
    [limits.pids, threads, "sysctl -w kernel.pid_max="],
    [limits.threads, threads, "sysctl -w kernel.threads-max="],
    [limits.mappings, threads * MAPPINGS_PER_THREAD, "sysctl -w vm.max_map_count="],
  ];
  return needs
    .filter(([limit, needed]) => limit < needed)
    .map(([limit, needed, remedy]) => `${remedy}${remedy.endsWith("=") ? "" : " "}${needed} (it is ${limit})`);
}
