import { bold, dim, green, red } from "../../src/util/terminal-style.js";
import { ranges } from "../faults/tally.js";
import type { Announcement, Failure, Pair } from "./judge.js";
import type { ChaosRun } from "./run.js";
import { tell } from "./story.js";
import { summaryOf } from "./summary.js";

/** How much of what happened around a failure is shown. */
const AROUND_MS = 15_000;
const MOST_EVENTS = 40;
const MOST_CHARACTERS = 300;

const seconds = (time: number): string => `${(time / 1_000).toFixed(2)} s`;

function announced({ announced: counts }: Pair): string {
  return (Object.entries(counts) as [Announcement, number][]).map(([what, count]) => `${count} ${what}`).join(", ");
}

const COLUMNS: readonly { readonly title: string; readonly width: number; readonly of: (pair: Pair) => string }[] = [
  { title: "sender", width: 15, of: ({ sender }) => sender },
  { title: "client of", width: 15, of: ({ receiver }) => receiver },
  { title: "expected", width: 9, of: (pair) => String(pair.expected) },
  { title: "received", width: 9, of: (pair) => String(pair.received) },
  { title: "doubled", width: 8, of: (pair) => String(pair.doubled) },
  { title: "silent", width: 8, of: (pair) => String(pair.silent) },
  { title: "announced", width: 0, of: announced },
];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, index) => (index < 2 ? cell.padEnd : cell.padStart).call(cell, COLUMNS[index]?.width ?? 0))
    .join(" ");

/** Every sender at every client. */
export function pairTable(pairs: readonly Pair[]): string {
  const rows = pairs.map((pair) => {
    const text = line(COLUMNS.map(({ of }) => of(pair)));
    return pair.silent > 0 ? red(text) : text;
  });
  return [dim(line(COLUMNS.map(({ title }) => title))), ...rows].join("\n");
}

function eventsAround({ deeds, statuses }: ChaosRun, at: number): readonly string[] {
  const isNear = (from: number, to = from) => from <= at + AROUND_MS && to >= at - AROUND_MS;
  const events = [
    ...deeds
      .filter(({ from, to }) => isNear(from, to))
      .map(({ from, to, text }) => ({ at: from, text: `${text} (until ${seconds(to)})` })),
    ...statuses
      .filter((status) => isNear(status.at))
      .map(({ member, at: when, text }) => ({ at: when, text: `${member}: ${text}` })),
  ].sort((one, other) => one.at - other.at);
  const shown = events.slice(0, MOST_EVENTS).map(({ at: when, text }) => dim(`      ${seconds(when)} ${text}`));
  return events.length > MOST_EVENTS ? [...shown, dim(`      and ${events.length - MOST_EVENTS} more`)] : shown;
}

/** Who sent, and who should have got it, as far as that is known. */
export const pairOf = ({ sender, receiver }: Pick<Failure, "sender" | "receiver">): string =>
  [sender, receiver && `at the client of ${receiver}`].filter(Boolean).join(" ");

function failureLines(run: ChaosRun, failure: Failure): readonly string[] {
  const { kind, text, numbers, at, stories = [] } = failure;
  const who = pairOf(failure);
  const when = at === undefined ? "" : `, first at ${seconds(at)}`;
  const listed = ranges(numbers);
  const which = listed.length > MOST_CHARACTERS ? `${listed.slice(0, MOST_CHARACTERS)}…` : listed;
  return [
    red(`  ${kind}: ${[who, text].filter(Boolean).join(": ")}${when}`),
    ...(which === "" ? [] : [`    numbers ${which}`]),
    ...stories.map((story) => `    ${tell(story, seconds)}`),
    ...(at === undefined ? [] : eventsAround(run, at)),
  ];
}

/** What a run found, for a terminal. */
export function runReport(title: string, run: ChaosRun): string {
  const { pairs, failures } = run;
  const { seed, minutes, expected, received, silent, faults } = summaryOf(run);
  const missing = expected - received;
  const head = `${title}, seed ${seed}, ${minutes} min: ${expected} deliveries expected, `;
  const verdict = failures.length === 0 ? green("everything is accounted for") : red(`${failures.length} failures`);
  return [
    pairTable(pairs),
    bold(
      `${head}${missing} missing, ${missing - silent} of them announced, ${silent} silently; ${faults} faults; ${verdict}`,
    ),
    ...failures.flatMap((failure) => failureLines(run, failure)),
  ].join("\n");
}
