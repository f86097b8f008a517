import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Nanoseconds in a millisecond. */
const NS = 1e6;

/**
 * CPU time of all threads of a process in milliseconds, from the scheduler, with a resolution of nanoseconds. Works for
 * Node and Python alike. The time of threads that have ended is not included.
 */
export function cpuTime(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => readFileSync(`${tasks}/${task}/schedstat`, "utf8"))
    .reduce((total, text) => total + Number(text.split(" ")[0]) / NS, 0);
}

/** Prefix of a command that is to run on the processor of the measured process. */
export type Prefix = readonly string[];

/** Reserves a processor for the measured process: this process and all that it starts use the others. */
export function reserveProcessor(): Prefix | undefined {
  const processors = availableParallelism();
  if (processors < 2 || spawnSync("taskset", ["-c", "0", "true"]).status !== 0) {
    return undefined;
  }
  execFileSync("taskset", ["-a", "-c", "-p", `1-${processors - 1}`, String(process.pid)], { stdio: "ignore" });
  return ["taskset", "-c", "0"];
}
