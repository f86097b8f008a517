import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BUS_TITLES, type BusName } from "../faults/names.js";
import { machine, replacePart } from "../shared/docs-page.js";
import { markdownTable } from "../shared/markdown.js";
import { ATTACK_NAMES, type AttackName } from "./names.js";
import type { Options } from "./options.js";
import { isOneMessage, type Outcome } from "./verdict.js";

const PAGE = "docs/reliability.md";
const PAGE_NUMBERS = "docs/attack.json";

const MIB = 2 ** 20;

/** Attacks of a kind, each figure the worst of any process. Bytes, milliseconds. */
export interface Group {
  readonly name: string;
  readonly attacks: number;
  /** Of all together. */
  readonly frames: number;
  readonly bytes: number;
  /** Until the next good message is delivered; null where it is not. */
  readonly next: number | null;
  readonly stall: number;
  readonly peak: number;
  readonly held: number;
  /** Processes that died. */
  readonly deaths: number;
  /** Of attacks by a single message: the one with the longest stall. */
  readonly costliest?: string;
  /** The stall of Socket.IO itself in that one: see `Seen`. */
  readonly ownStall?: number;
}

/** All attacks with one of the names, as they are recorded. */
export interface RecordedAttacks {
  readonly attack: AttackName;
  readonly bus: BusName;
  readonly seed: number;
  /** Of one message. */
  readonly mebibytes?: number;
  /** ISO 8601. */
  readonly measured: string;
  readonly machine: string;
  readonly groups: readonly Group[];
}

const CLIENTS = "clients, whose values an application relays";

/** Frames that are alike count as one kind: their names begin with the encoding. */
function groupName({ attack, name }: Outcome): string {
  switch (attack) {
    case "floods":
      return `flood: ${name}`;
    case "heavy":
      return `costly frames: ${name.slice(0, name.indexOf(":"))}`;
    case "clients":
      return CLIENTS;
    case "brokers":
      return `a broker: ${name}`;
    default:
      return attack satisfies never;
  }
}

const stallOf = ({ answers }: Outcome): number => Math.max(0, ...answers.map(({ sample }) => sample?.stall ?? 0));

function groupOf(name: string, outcomes: readonly Outcome[]): Group {
  const samples = outcomes.flatMap(({ answers }) => answers.flatMap(({ sample }) => sample ?? []));
  const most = (values: readonly number[]): number => Math.round(Math.max(0, ...values));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const [costliest] = [...outcomes].sort((one, other) => stallOf(other) - stallOf(one));
  return {
    name,
    attacks: outcomes.length,
    frames: sum(outcomes.map(({ frames }) => frames)),
    bytes: sum(outcomes.map(({ bytes }) => bytes)),
    next: outcomes.some(({ good }) => good.missing.length > 0) ? null : most(outcomes.map(({ good }) => good.time)),
    stall: most(samples.map(({ stall }) => stall)),
    peak: most(samples.map(({ peak }) => peak)),
    held: most(samples.map(({ held }) => held)),
    deaths: outcomes.flatMap(({ answers }) => answers.filter(({ death }) => death !== undefined)).length,
    ...(costliest !== undefined && isOneMessage(costliest.attack) && outcomes.length > 1
      ? {
          costliest: costliest.name.slice(costliest.name.indexOf(":") + 1).trim(),
          ...(costliest.baseline === undefined ? {} : { ownStall: Math.round(costliest.baseline.stall) }),
        }
      : {}),
  };
}

/** In the order in which they ran. */
export function groupsOf(outcomes: readonly Outcome[]): readonly Group[] {
  const names = [...new Set(outcomes.map(groupName))];
  return names.map((name) =>
    groupOf(
      name,
      outcomes.filter((outcome) => groupName(outcome) === name),
    ),
  );
}

const COLUMNS = [
  "attack",
  "frames",
  "MiB",
  "next good message, ms",
  "longest stall, ms",
  "memory at its peak, MiB",
  "memory kept, MiB",
];

const mebibytes = (bytes: number): string => Math.round(bytes / MIB).toLocaleString("en");

function rowOf(group: Group): readonly string[] {
  const { name, frames, bytes, next, stall, peak, held, deaths, costliest, ownStall } = group;
  const of = [costliest, ownStall && `Socket.IO alone: ${ownStall.toLocaleString("en")}`].filter(Boolean);
  return [
    [name, ...(deaths > 0 ? [`**processes that died: ${deaths}**`] : [])].join("; "),
    frames.toLocaleString("en"),
    mebibytes(bytes),
    next?.toLocaleString("en") ?? "never",
    [stall.toLocaleString("en"), ...(of.length > 0 ? [`(${of.join("; ")})`] : [])].join(" "),
    mebibytes(peak),
    mebibytes(held),
  ];
}

/** One line for each that was measured by itself, and the table of all. */
export function pagePart(recorded: readonly RecordedAttacks[]): string {
  const conditions = recorded.map(
    ({ attack, bus, seed, mebibytes: size, measured, machine: where }) =>
      `- \`${attack}\`${size === undefined ? "" : `, ${size} MiB`}: ${BUS_TITLES[bus]}, seed ${seed}, ${measured.slice(0, 10)}: ${where}`,
  );
  const rows = recorded.flatMap(({ groups }) => groups.map(rowOf));
  const alignment = (column: number) => (column === 0 ? "left" : "right");
  return [conditions.join("\n"), markdownTable({ columns: COLUMNS, rows, alignment })].join("\n\n");
}

/** What was run replaces what is recorded under the same names. @returns the files. @throws Error when the page has no place */
export function writePage({ bus, seed, mebibytes: size }: Options, outcomes: readonly Outcome[]): readonly string[] {
  const conditions = { bus, seed, measured: new Date().toISOString(), machine: machine() };
  const earlier = existsSync(PAGE_NUMBERS)
    ? (JSON.parse(readFileSync(PAGE_NUMBERS, "utf8")) as { readonly attacks: readonly RecordedAttacks[] }).attacks
    : [];
  const recorded = ATTACK_NAMES.flatMap((attack) => {
    const groups = groupsOf(outcomes.filter((outcome) => outcome.attack === attack));
    return groups.length > 0
      ? { attack, ...conditions, ...(isOneMessage(attack) ? { mebibytes: size } : {}), groups }
      : (earlier.find((each) => each.attack === attack) ?? []);
  });
  writeFileSync(PAGE, replacePart(readFileSync(PAGE, "utf8"), "attack -- --write", pagePart(recorded)));
  writeFileSync(
    PAGE_NUMBERS,
    `{"unit": "bytes, milliseconds", "attacks": [\n${recorded.map((each) => JSON.stringify(each)).join(",\n")}\n]}\n`,
  );
  return [PAGE, PAGE_NUMBERS];
}
