import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Nanoseconds in a millisecond. */
const NS = 1e6;

/**
 * Milliseconds that all threads of a process have run, as the scheduler has it, to the nanosecond; the same for a server
 * in Node and one in Python. A thread that ends takes its time with it, so it is read where none ends.
 */
export function cpuTime(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => readFileSync(`${tasks}/${task}/schedstat`, "utf8"))
    .reduce((total, text) => total + Number(text.split(" ")[0]) / NS, 0);
}

/** What goes before a command so that it runs on the processor of the measured process. */
export type Prefix = readonly string[];

/** Keeps a processor free for the measured process: this process and all that it starts use the others. */
export function reserveProcessor(): Prefix | undefined {
  const processors = availableParallelism();
  if (processors < 2 || spawnSync("taskset", ["-c", "0", "true"]).status !== 0) {
    return undefined;
  }
  execFileSync("taskset", ["-a", "-c", "-p", `1-${processors - 1}`, String(process.pid)], { stdio: "ignore" });
  return ["taskset", "-c", "0"];
}
