import type { PeerKind } from "../../src/testing/python-peer.js";
import type { Direction } from "../scenarios/scenario.js";
import type { Cell, Report, Result, Row } from "./report.js";

/** Each kind of peer, in the terms of python-socketio. */
export const KIND_TITLES: Readonly<Record<PeerKind, string>> = {
  threaded: "Server, on threads",
  flask: "SocketIO of Flask-SocketIO, on threads",
  asgi: "AsyncServer, ASGI",
  "write-only": "a manager with write_only=True",
  celery: "a task of Celery",
};

export const DIRECTION_TITLES: Readonly<Record<Direction, string>> = {
  "python-to-node": "Python to Node",
  "node-to-python": "Node to Python",
};

/** In the order in which they are listed. */
export const RESULTS: readonly Result[] = ["pass", "fail", "cannot", "unavailable"];

export const RESULT_TITLES: Readonly<Record<Result, string>> = {
  pass: "work",
  fail: "fail",
  cannot: "that release cannot",
  unavailable: "not available",
};

export const SYMBOLS: Readonly<Record<Result, string>> = { pass: "✔", fail: "✘", cannot: "○", unavailable: "–" };

/** `undefined` where a scenario does not apply to the kind. */
export function cellAt({ cells }: Report, { scenario }: Row, kind: PeerKind): Cell | undefined {
  return cells.find((cell) => cell.scenario === scenario && cell.kind === kind);
}

export function count({ cells }: Report, result: Result): number {
  return cells.filter((cell) => cell.result === result).length;
}

/** `214 work, 2 fail, 3 cannot with that release, 40 not available`. Zeros are left out, except for what works. */
export function summary(report: Report): string {
  const all: readonly (readonly [Result, string])[] = [
    ["pass", "work"],
    ["fail", "fail"],
    ["cannot", "cannot with that release"],
    ["unavailable", "not available"],
  ];
  return all
    .map(([result, words]) => [count(report, result), words] as const)
    .filter(([number, words]) => number > 0 || words === "work")
    .map(([number, words]) => `${number} ${words}`)
    .join(", ");
}

/** A reason, and all cells that have it. */
export interface Reason {
  readonly reason: string;
  readonly cells: readonly Cell[];
}

/** In order of first appearance. */
export function reasonsOf({ cells }: Report, result: Result): readonly Reason[] {
  const reasons = new Map<string, Cell[]>();
  for (const cell of cells.filter((one) => one.result === result)) {
    const reason = cell.reason ?? "";
    reasons.set(reason, [...(reasons.get(reason) ?? []), cell]);
  }
  return [...reasons].map(([reason, all]) => ({ reason, cells: all }));
}

/** `1.2 s`, `340 ms` */
export function duration(milliseconds: number): string {
  return milliseconds < 1_000 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}

export function rowsOf({ rows }: Report, direction: Direction): readonly Row[] {
  return rows.filter((row) => row.direction === direction);
}

/** The evidence of a failed cell as lines of text. */
export function evidenceLines({ evidence }: Cell): readonly string[] {
  if (evidence === undefined) {
    return [];
  }
  const { published, received, log } = evidence;
  return [
    published.length === 0 ? "Nothing was published on the channel." : "Published on the channel:",
    ...published.map(({ at, by, text, bytes }) => `  +${at} ms ${by} (${bytes} bytes): ${text}`),
    "Received:",
    ...received.flatMap(({ client, events }) => [
      `  ${client}: ${events.length === 0 ? "nothing" : ""}`.trimEnd(),
      ...events.map((event) => `    ${event}`),
    ]),
    ...(log.length === 0 ? [] : ["Log:", ...log.map((line) => `  ${line}`)]),
  ];
}
