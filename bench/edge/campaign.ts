import { printable } from "../../src/util/printable.js";
import { red } from "../../src/util/terminal-style.js";
import type { Progress } from "../shared/progress.js";
import { CONTENDERS, type ContenderName } from "./contenders.js";
import type { MeasureName, Run } from "./figures.js";
import { MEASURES, type Stage } from "./measures.js";
import type { Options } from "./options.js";

/** Thousands of clients take minutes to connect where each has four threads, and their memory hardly differs by round. */
const MOST_ROUNDS: Readonly<Partial<Record<MeasureName, number>>> = { idle: 1 };

interface Step {
  readonly measure: MeasureName;
  readonly contender: ContenderName;
  readonly round: number;
}

/** Every contender of a measure once, then the next measure. Each round starts with a different contender. */
export function plan({ measures, contenders, rounds }: Pick<Options, "measures" | "contenders" | "rounds">) {
  return Array.from({ length: rounds }, (_, index) => index + 1).flatMap((round) =>
    measures
      .filter((measure) => round <= (MOST_ROUNDS[measure] ?? rounds))
      .flatMap((measure): readonly Step[] => {
        const own = MEASURES[measure].contenders.filter((name) => contenders.includes(name));
        return own.map((_, index) => ({
          ...{ measure, round, contender: own[(index + round - 1) % own.length] as ContenderName },
        }));
      }),
  );
}

export interface Campaign extends Pick<Options, "measures" | "contenders" | "rounds"> {
  readonly stage: Stage;
  readonly progress: Progress;
  /** Aborted when the campaign is to be given up. */
  readonly signal: AbortSignal;
  print(text: string): void;
}

export interface Outcome {
  readonly runs: readonly Run[];
  /** Runs that failed, in words. */
  readonly failures: readonly string[];
}

const MINUTE_MS = 60_000;

function remaining(done: number, all: number, since: number): string {
  const left = done === 0 ? undefined : ((performance.now() - since) / done) * (all - done);
  const minutes = left === undefined ? "" : `, ${Math.ceil(left / MINUTE_MS)} min left`;
  return `${Math.round((done / all) * 100)} %${minutes}`;
}

/** Runs the whole plan. Failures are printed, and do not stop the rest. */
export async function runCampaign(campaign: Campaign): Promise<Outcome> {
  const { stage, progress, signal, print } = campaign;
  const steps = plan(campaign);
  const runs: Run[] = [];
  const failures: string[] = [];
  const since = performance.now();
  for (const [index, { measure, contender, round }] of steps.entries()) {
    if (signal.aborted) {
      break;
    }
    progress.begin(`${measure}, round ${round}`);
    progress.phase(`${CONTENDERS[contender].title}  (${remaining(index, steps.length, since)})`);
    try {
      runs.push({ measure, contender, round, figures: await MEASURES[measure].run(contender, stage) });
    } catch (error) {
      progress.end();
      if (!signal.aborted) {
        const what = `${measure}, ${CONTENDERS[contender].title}, round ${round}`;
        failures.push(`${what} failed: ${printable((error as Error).message)}`);
        print(red(failures.at(-1) ?? ""));
      }
    }
  }
  progress.end();
  return { runs, failures };
}
