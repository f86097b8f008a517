import { number, type Table } from "../speed/tables.js";
import type { Bar, Judgement } from "./bars.js";
import { CONTENDER_NAMES, CONTENDERS } from "./contenders.js";
import { FIGURE_NAMES, FIGURES, type Run, summaryOf } from "./figures.js";

const limitOf = ({ atMost, atLeast }: Bar): string =>
  atMost === undefined ? (atLeast === undefined ? "" : `≥ ${atLeast}`) : `≤ ${atMost}`;

/** The bars, in the form of the other benchmarks' targets: the last column is the verdict. */
export function barTable(judgements: readonly Judgement[]): Table {
  return {
    title: "Targets",
    columns: ["", "bar", "measured", "quartiles, ±", ""],
    rows: judgements.map(({ bar, value, summary, isMet }) => [
      bar.title,
      limitOf(bar),
      number(value),
      summary === undefined || summary.count < 2 ? "" : `${Math.round(summary.spread * 50)} %`,
      isMet === undefined ? "" : isMet ? "met" : "missed",
    ]),
  };
}

/** A row for each contender, a column for each figure: medians of the rounds. */
export function figureTable(runs: readonly Run[]): Table {
  const figures = FIGURE_NAMES.filter((name) => runs.some((run) => run.figures[name] !== undefined));
  const contenders = CONTENDER_NAMES.filter((name) => runs.some(({ contender }) => contender === name));
  return {
    title: "Figures",
    columns: ["", ...figures.map((name) => FIGURES[name].title)],
    rows: contenders.map((contender) => [
      CONTENDERS[contender].title,
      ...figures.map((figure) => {
        const summary = summaryOf(runs, contender, figure);
        return summary === undefined ? "" : number(summary.median);
      }),
    ]),
  };
}
