import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";

/** The parts of a `.cpuprofile` that are read. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the previous sample. */
  readonly timeDeltas: readonly number[];
}

export interface FunctionTime {
  readonly name: string;
  readonly place: string;
  /** Milliseconds in the function itself. */
  readonly time: number;
  /** Share of the time in which the process was busy. */
  readonly share: number;
}

/** The process is waiting or not scheduled. */
const IDLE_FRAMES = ["(idle)", "(root)"];

/** `file:///…/node_modules/ws/lib/sender.js` is `ws/lib/sender.js`. */
function placeOf(url: string, line: number): string {
  if (url === "") {
    return "";
  }
  const inPackage = url.split("/node_modules/").at(-1) ?? url;
  const short = inPackage === url ? `${basename(dirname(url))}/${basename(url)}` : inPackage;
  return `${url.startsWith("node:") ? url : short}:${line + 1}`;
}

/** Functions by self time, longest first. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): readonly FunctionTime[] {
  const byNode = new Map<number, number>();
  for (const [index, node] of samples.entries()) {
    byNode.set(node, (byNode.get(node) ?? 0) + (timeDeltas[index + 1] ?? 0));
  }
  const byFunction = new Map<string, { name: string; place: string; time: number }>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    if (IDLE_FRAMES.includes(functionName)) {
      continue;
    }
    const name = functionName === "" ? "(anonymous)" : functionName;
    const place = placeOf(url, lineNumber);
    const key = `${name} ${place}`;
    const found = byFunction.get(key) ?? { name, place, time: 0 };
    found.time += (byNode.get(id) ?? 0) / 1_000;
    byFunction.set(key, found);
  }
  const all = [...byFunction.values()];
  const total = all.reduce((sum, { time }) => sum + time, 0);
  return all
    .map(({ name, place, time }) => ({ name, place, time, share: total === 0 ? 0 : time / total }))
    .sort((one, other) => other.time - one.time);
}

export function readProfile(file: string): CpuProfile {
  return JSON.parse(readFileSync(file, "utf8")) as CpuProfile;
}

/** @param messages - number of messages handled while the profile was taken */
export function profileTable(times: readonly FunctionTime[], messages: number, rows: number): string {
  const line = (share: string, each: string, name: string, place: string) =>
    `${share.padStart(7)}  ${each.padStart(9)}  ${name.padEnd(36)} ${place}`;
  return [
    line("share", "µs each", "function", ""),
    ...times
      .slice(0, rows)
      .map(({ name, place, time, share }) =>
        line(`${(share * 100).toFixed(1)} %`, ((time * 1_000) / messages).toFixed(2), name, place),
      ),
  ].join("\n");
}
