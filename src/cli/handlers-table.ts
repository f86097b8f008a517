import { stripVTControlCharacters } from "node:util";
import type { ServedBy, ServedNamespace } from "../edge/served-by.js";
import type { InspectNote } from "../server/inspect-app.js";
import { printableLine } from "../util/printable.js";
import { bold, cyan, dim, green, red, yellow } from "../util/terminal-style.js";

/** Characters of a name: those of Python are its application's, and no longer than a line should be. */
const MAX_NAME = 60;

const HEAD = ["namespace", "event", "served by"] as const;

const EVENT: Readonly<Record<ServedBy, string>> = {
  TypeScript: cyan("TypeScript"),
  Python: green("Python"),
  both: `${cyan("TypeScript")} ${dim("(Python has a handler too, which does not run)")}`,
  nobody: red("nobody"),
};

/** Listeners in TypeScript do not replace those of Python here. */
const LIFECYCLE: Readonly<Record<ServedBy, string>> = {
  ...EVENT,
  both: `${green("Python")} and ${cyan("TypeScript")}`,
};

const shortName = (name: string): string =>
  printableLine(name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name);

type Cells = readonly [namespace: string, event: string, servedBy: string];

const NOT_SEEN = yellow("not seen");

function rowsOf({ namespace, isSeen, connect, events, otherEvents, disconnect }: ServedNamespace): readonly Cells[] {
  const others = otherEvents === "Python" ? `${EVENT.Python} ${dim("(catch-all)")}` : EVENT[otherEvents];
  const last = disconnect === "nobody" ? dim("no handler") : LIFECYCLE[disconnect];
  const rows: readonly (readonly [string, string])[] = [
    [dim("connect"), connect === "nobody" ? dim("no handler: every client is accepted") : LIFECYCLE[connect]],
    ...events.map(({ event, servedBy }) => [shortName(event), EVENT[servedBy]] as const),
    [dim("any other event"), isSeen ? others : NOT_SEEN],
    [dim("disconnect"), isSeen ? last : NOT_SEEN],
  ];
  const name = namespace === "*" ? "* (any other)" : shortName(namespace);
  return rows.map(([event, servedBy], index) => [index === 0 ? bold(name) : "", event, servedBy]);
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}

/** A line for each namespace and event, and below the notes. */
export function handlersTable(namespaces: readonly ServedNamespace[], notes: readonly InspectNote[]): string {
  const groups = namespaces.map(rowsOf);
  const cells = [HEAD.map(bold) as unknown as Cells, ...groups.flat()];
  const [first, second] = [0, 1].map((column) =>
    Math.max(...cells.map((row) => stripVTControlCharacters(row[column] ?? "").length)),
  ) as [number, number];
  const line = ([namespace, event, servedBy]: Cells) =>
    `  ${pad(namespace, first)}  ${pad(event, second)}  ${servedBy}`.trimEnd();
  return [
    "",
    line(cells[0] as Cells),
    ...groups.flatMap((rows, index) => [...(index === 0 ? [] : [""]), ...rows.map(line)]),
    "",
    ...notes.map(
      ({ namespace, text }) =>
        `  ${yellow("!")} ${namespace === undefined ? "" : `${shortName(namespace)}: `}${printableLine(text)}`,
    ),
    ...(notes.length > 0 ? [""] : []),
  ].join("\n");
}
