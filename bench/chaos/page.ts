import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BUS_NAMES, BUS_TITLES } from "../faults/names.js";
import { replacePart } from "../shared/docs-page.js";
import { markdownTable } from "../shared/markdown.js";
import type { Announcement } from "./judge.js";
import type { Summary } from "./summary.js";

const PAGE = "docs/reliability.md";
const PAGE_NUMBERS = "docs/chaos.json";

export interface RecordedRun extends Summary {
  /** ISO 8601. */
  readonly measured: string;
  readonly machine: string;
}

/** The rows of the table of announcements on the page, in its order. */
const ANNOUNCED_BY: readonly { readonly title: string; readonly kinds: readonly Announcement[] }[] = [
  { title: "its sender", kinds: ["rejected", "dropped"] },
  { title: "its sender's end", kinds: ["killed sender"] },
  { title: "the host", kinds: ["host reconnecting", "host reported"] },
  { title: "a Python host", kinds: ["python outage"] },
  { title: "the client", kinds: ["client disconnected"] },
];

const COLUMNS = [
  "broker",
  "seed",
  "faults",
  "deliveries",
  ...ANNOUNCED_BY.map(({ title }) => `by ${title}`),
  "silently lost",
  "doubled",
];

function rowOf({ bus, seed, faults, expected, announced, silent, doubled }: Summary): readonly string[] {
  const counts = ANNOUNCED_BY.map(({ kinds }) => kinds.reduce((sum, kind) => sum + (announced[kind] ?? 0), 0));
  return [BUS_TITLES[bus], ...[seed, faults, expected, ...counts, silent, doubled].map(String)];
}

function pagePart(runs: readonly RecordedRun[]): string {
  const conditions = runs.map(
    ({ measured, machine, minutes, rate }) =>
      `${minutes} minutes, about ${rate} emits a second, some of them bursts, ${measured.slice(0, 10)}: ${machine}.`,
  );
  const alignment = (column: number) => (column === 0 ? "left" : "right");
  const table = markdownTable({ columns: COLUMNS, rows: runs.map(rowOf), alignment });
  return [[...new Set(conditions)].join(" "), table].join("\n\n");
}

/** New runs replace the earlier ones of the same broker. @returns the files. @throws Error when the page has no place */
export function writePage(measured: readonly RecordedRun[]): readonly string[] {
  const earlier = existsSync(PAGE_NUMBERS)
    ? (JSON.parse(readFileSync(PAGE_NUMBERS, "utf8")) as { readonly runs: readonly RecordedRun[] }).runs
    : [];
  const runs = BUS_NAMES.flatMap((name) => [...measured, ...earlier].find(({ bus }) => bus === name) ?? []);
  writeFileSync(PAGE, replacePart(readFileSync(PAGE, "utf8"), "chaos -- --write", pagePart(runs)));
  writeFileSync(PAGE_NUMBERS, `{"runs": [\n${runs.map((run) => JSON.stringify(run)).join(",\n")}\n]}\n`);
  return [PAGE, PAGE_NUMBERS];
}
