import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { machine, replacePart } from "../shared/docs-page.js";
import type { RecordedRun } from "./figures.js";
import { drawPlot } from "./plot.js";
import { benchPython } from "./python-interpreter.js";
import type { Soak } from "./soak.js";
import { pageTable, tablesOf, targetTable } from "./tables.js";
import { judge } from "./targets.js";

const PAGE = "docs/performance.md";
const PAGE_NUMBERS = "docs/performance.json";
const PAGE_PLOT = "docs/performance.svg";

export interface Measurement {
  readonly runs: readonly RecordedRun[];
  readonly soaks: readonly Soak[];
  readonly repeat: number;
  /** Whether the measured process had a processor of its own. */
  readonly isPinned: boolean;
}

const NODE_PACKAGES = [
  "socket.io",
  "socket.io-adapter",
  "engine.io",
  "ws",
  "ioredis",
  "@socket.io/redis-adapter",
  "@socket.io/redis-emitter",
  "@socket.io/redis-streams-adapter",
] as const;

const PYTHON_PACKAGES = [
  "python-socketio",
  "python-engineio",
  "Flask-SocketIO",
  "uvicorn",
  "uvloop",
  "websockets",
  "simple-websocket",
  "redis",
  "hiredis",
] as const;

const require = createRequire(import.meta.url);

function nodeVersion(name: string): string {
  // Not every package exports its package.json.
  const paths = require.resolve.paths(name) ?? [];
  for (const path of paths) {
    try {
      return (JSON.parse(readFileSync(`${path}/${name}/package.json`, "utf8")) as { version: string }).version;
    } catch {}
  }
  return "unknown";
}

/** Versions of everything that takes part. */
export function versions(): Readonly<Record<string, string>> {
  const script = `
import json, platform
from importlib.metadata import version
print(json.dumps({"Python": platform.python_version(), **{n: version(n) for n in ${JSON.stringify(PYTHON_PACKAGES)}}}))`;
  const python = JSON.parse(execFileSync(benchPython(), ["-c", script], { encoding: "utf8" })) as Record<
    string,
    string
  >;
  const { redis } = testEnvironment();
  const server =
    redis.kind === "container"
      ? redis.image
      : (/v=(\S+)/.exec(execFileSync(redis.server, ["--version"], { encoding: "utf8" }))?.[1] ?? "unknown");
  return {
    Node: process.version.slice(1),
    ...Object.fromEntries(NODE_PACKAGES.map((name) => [name, nodeVersion(name)])),
    ...python,
    Redis: server,
  };
}

/** JSON, with a line for each run. */
export function numbersOf({ runs, soaks, repeat, isPinned }: Measurement): string {
  const head = { measured: new Date().toISOString(), machine: machine(), isPinned, repeat, versions: versions() };
  const lines = (all: readonly object[]) => all.map((each) => `\n${JSON.stringify(each)}`).join(",");
  const units = { time: "milliseconds", latency: "microseconds", memory: "bytes" };
  return `{"head": ${JSON.stringify({ ...head, units })},
"runs": [${lines(runs)}],
"soaks": [${lines(soaks)}]}\n`;
}

/** The generated part of the page. */
function pagePart({ runs, soaks, repeat, isPinned }: Measurement): string {
  const list = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  const where = isPinned
    ? "The measured process had a processor of its own."
    : "No process had a processor of its own.";
  return [
    `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine()}. ${where} Medians of ${repeat} repeats.`,
    `![Server CPU per message of each system](${PAGE_PLOT.replace("docs/", "")})`,
    "### The bar",
    pageTable(targetTable(judge(runs))),
    ...tablesOf(runs, soaks).flatMap((table) => [`### ${table.title}`, pageTable(table)]),
    "### Versions",
    `${list.join(", ")}.`,
  ].join("\n\n");
}

/** @returns the files. @throws Error when the page has no place for the tables */
export function writePage(measurement: Measurement): readonly string[] {
  const page = replacePart(readFileSync(PAGE, "utf8"), "bench -- --write", pagePart(measurement));
  const plot = drawPlot(measurement.runs);
  writeFileSync(PAGE, page);
  writeFileSync(PAGE_NUMBERS, numbersOf(measurement));
  writeFileSync(PAGE_PLOT, plot);
  return [PAGE, PAGE_NUMBERS, PAGE_PLOT];
}
