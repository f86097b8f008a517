import { printable } from "../../src/util/printable.js";
import { cyan, dim, red } from "../../src/util/terminal-style.js";
import type { Progress } from "../shared/progress.js";
import { type Case, caseOf } from "./cases.js";
import { flawsOf, type RecordedRun, summaryOf } from "./figures.js";
import { measure, type Times } from "./measure.js";
import type { Options } from "./options.js";
import type { Recorder } from "./recording.js";
import type { Setting } from "./session.js";
import { SYSTEM_TITLES, type SystemName } from "./systems.js";
import { number } from "./tables.js";

export interface Campaign extends Pick<Options, "systems" | "cases" | "repeat"> {
  readonly setting: Omit<Setting, "system">;
  readonly recorder: Recorder;
  readonly progress: Progress;
  readonly times: Times;
  /** Aborted when the campaign is to be given up. */
  readonly signal: AbortSignal;
  print(text: string): void;
}

export interface Outcome {
  readonly runs: readonly RecordedRun[];
  /** Runs that failed, in words. */
  readonly failures: readonly string[];
}

interface Step {
  readonly measured: Case;
  readonly system: SystemName;
  readonly repeat: number;
}

/** Every system of a case once, then the next case. Each repeat starts with a different system. */
export function plan({ systems, cases, repeat }: Pick<Campaign, "systems" | "cases" | "repeat">): readonly Step[] {
  return Array.from({ length: repeat }, (_, index) => index + 1).flatMap((round) =>
    cases.map(caseOf).flatMap((measured) => {
      const own = measured.systems.filter((system) => systems.includes(system));
      return own.map((_, index) => ({
        measured,
        system: own[(index + round - 1) % own.length] as SystemName,
        repeat: round,
      }));
    }),
  );
}

const BAR_WIDTH = 40;

/** The medians so far, as bars. Shorter is better. */
export function medianLines(runs: readonly RecordedRun[], measured: Case): readonly string[] {
  const figure = measured.drive.kind === "memory" ? "rss" : measured.drive.kind === "half" ? "p99" : "cpuPerMessage";
  const unit = { rss: "KiB each", p99: "ms p99", cpuPerMessage: "µs" }[figure];
  const found = measured.systems.flatMap((system) => {
    const summary = summaryOf(runs, { case: measured.name, system }, figure);
    return summary === undefined ? [] : [{ system, ...summary }];
  });
  const longest = Math.max(...found.map(({ median }) => median));
  return found.map(({ system, median, count }) => {
    const bar = "█".repeat(Math.max(1, Math.round((median / longest) * BAR_WIDTH)));
    const text = `  ${SYSTEM_TITLES[system].padEnd(28)} ${number(median).padStart(8)} ${unit}`;
    return `${text} ${cyan(bar)} ${dim(`${count}×`)}`;
  });
}

const MINUTE_MS = 60_000;

function remaining(done: number, all: number, since: number): string {
  const left = done === 0 ? undefined : ((performance.now() - since) / done) * (all - done);
  const minutes = left === undefined ? "" : `, ${Math.ceil(left / MINUTE_MS)} min left`;
  return `${Math.round((done / all) * 100)} %${minutes}`;
}

/** Runs the whole plan. Failures are printed, and do not stop the rest. */
export async function runCampaign(campaign: Campaign): Promise<Outcome> {
  const { setting, recorder, progress, signal, times, print } = campaign;
  const steps = plan(campaign);
  const runs: RecordedRun[] = [];
  const failures: string[] = [];
  const since = performance.now();
  for (const [index, { measured, system, repeat }] of steps.entries()) {
    if (signal.aborted) {
      break;
    }
    const what = `${SYSTEM_TITLES[system]}, ${measured.title}, repeat ${repeat}`;
    progress.begin(`${measured.title}, repeat ${repeat}`);
    progress.watch(() => medianLines(runs, measured));
    progress.phase(`${SYSTEM_TITLES[system]}  (${remaining(index, steps.length, since)})`);
    try {
      const run = await measure({ ...setting, system }, measured, recorder, times);
      runs.push({ case: measured.name, system, repeat, ...run });
      const flaws = flawsOf(run);
      if (flaws.length > 0) {
        progress.end();
        print(red(`${what} is invalid: ${flaws.join(", ")}`));
      }
    } catch (error) {
      progress.end();
      if (!signal.aborted) {
        failures.push(`${what} failed: ${printable((error as Error).message)}`);
        print(red(failures.at(-1) ?? ""));
      }
    }
  }
  progress.end();
  return { runs, failures };
}
