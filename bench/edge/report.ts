import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { machine, replacePart } from "../shared/docs-page.js";
import { pageTable } from "../speed/tables.js";
import { judge } from "./bars.js";
import type { Run } from "./figures.js";
import type { Options } from "./options.js";
import { edgePython } from "./python-interpreter.js";
import { barTable, figureTable } from "./tables.js";

const PAGE = "docs/performance.md";

export interface Measurement extends Pick<Options, "rounds" | "extent"> {
  readonly runs: readonly Run[];
}

const PACKAGES = [
  "Flask-SocketIO",
  "python-socketio",
  "gunicorn",
  "granian",
  "gevent",
  "gevent-websocket",
  "uvicorn",
  "uvloop",
];

function pythonVersions(): string {
  const script = `
import platform
from importlib.metadata import version
print(", ".join(["Python " + platform.python_version(), *(n + " " + version(n) for n in ${JSON.stringify(PACKAGES)})]))`;
  return execFileSync(edgePython(), ["-c", script], { encoding: "utf8" }).trim();
}

/** JSON, with a line for each run. */
export function numbersOf({ runs, rounds, extent }: Measurement): string {
  const head = { measured: new Date().toISOString(), machine: machine(), versions: pythonVersions(), rounds, extent };
  const lines = runs.map((run) => `\n${JSON.stringify(run)}`).join(",");
  return `{"head": ${JSON.stringify(head)},\n"runs": [${lines}]}\n`;
}

/** The generated part of the page. */
export function pagePart({ runs, rounds, extent }: Measurement, measuredOn: string): string {
  const { busyClients, fanOutClients, idleClients, idleThreaded } = extent;
  const clients = `${busyClients} clients echo, ${fanOutClients} receive the emits, ${idleClients} are idle, of gthread without an edge ${Math.min(idleClients, idleThreaded)}.`;
  return [
    `${measuredOn} Medians of ${rounds} rounds, one of the idle clients. ${clients}`,
    pageTable(barTable(judge(runs))),
    pageTable(figureTable(runs)),
  ].join("\n\n");
}

/** @returns the file. @throws Error when the page has no place for the tables */
export function writePage(measurement: Measurement): string {
  const measuredOn = `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine()}, ${pythonVersions()}.`;
  writeFileSync(
    PAGE,
    replacePart(readFileSync(PAGE, "utf8"), "bench:edge -- --write", pagePart(measurement, measuredOn)),
  );
  return PAGE;
}
