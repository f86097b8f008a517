import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { caseOf } from "./cases.js";
import { type RecordedRun, summaryOf } from "./figures.js";
import { SYSTEM_TITLES, type SystemName } from "./names.js";
import { number } from "./tables.js";

/** What is drawn; the rest is in the tables. */
const PLOTTED_CASES = ["100b", "1kb", "16kb", "64kb", "100-recipients", "no-member", "no-member-64kb"] as const;

const COLOURS: Readonly<Partial<Record<SystemName, string>>> = {
  floor: "#a8b0ba",
  bridge: "#1769e0",
  "relay-off": "#8ab8f5",
  "redis-adapter": "#e4572e",
  sharded: "#f29d7c",
  streams: "#f3c677",
  "python-async": "#3a7d44",
  flask: "#9bc59d",
};

const BACKGROUND = "#ffffff";
const INK = "#1f2328";

export interface Bar {
  readonly case: string;
  readonly system: string;
  /** Server CPU per message, µs. */
  readonly cpu: number;
}

/** One for each plotted case and system that was measured. */
export function barsOf(runs: readonly RecordedRun[]): readonly Bar[] {
  return PLOTTED_CASES.flatMap((name) =>
    (Object.keys(COLOURS) as SystemName[]).flatMap((system) => {
      const summary = summaryOf(runs, { case: name, system }, "cpuPerMessage");
      return summary === undefined
        ? []
        : [{ case: caseOf(name).title, system: SYSTEM_TITLES[system], cpu: summary.median }];
    }),
  );
}

const WIDTH = 900;
const BAR_HEIGHT = 17;
const GROUP_GAP = 22;

/** Server CPU per message, on a logarithmic scale, since the largest message costs a thousand times the smallest. */
export function drawPlot(runs: readonly RecordedRun[]): string {
  const bars = barsOf(runs);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const cases = [...new Set(bars.map((bar) => bar.case))];
  const systems = Object.keys(COLOURS).map((system) => SYSTEM_TITLES[system as SystemName]);
  const present = systems.filter((system) => bars.some((bar) => bar.system === system));
  const least = Math.min(...bars.map(({ cpu }) => cpu)) / 2;
  const most = Math.max(...bars.map(({ cpu }) => cpu));
  const figure = Plot.plot({
    document: document as never,
    width: WIDTH,
    height: cases.length * (present.length * BAR_HEIGHT + GROUP_GAP) + 110,
    ...{ marginLeft: 190, marginRight: 170, marginTop: 64, marginBottom: 44 },
    style: { background: BACKGROUND, color: INK, fontFamily: "system-ui, sans-serif", fontSize: "12px" },
    title: "",
    x: { type: "log", domain: [least, most * 1.6], label: "server CPU per message, µs (logarithmic)", grid: true },
    y: { domain: present, label: null, axis: null, padding: 0.12 },
    fy: { domain: cases, label: null, padding: 0.12 },
    color: { domain: present, range: present.map((title) => colourOf(title)), legend: false },
    marks: [
      Plot.axisFy({ fontSize: 12, fontWeight: 600, anchor: "right", dx: 10 } as Plot.AxisYOptions),
      Plot.barX(bars, { x1: least, x2: "cpu", y: "system", fy: "case", fill: "system", rx: 2 } as Plot.BarXOptions),
      Plot.text(bars, {
        ...{ x: least, y: "system", fy: "case", text: "system", textAnchor: "end", dx: -6, fill: INK },
      }),
      Plot.text(bars, {
        ...{ x: "cpu", y: "system", fy: "case", textAnchor: "start", dx: 5, fill: INK },
        text: (bar: Bar) => number(bar.cpu),
      }),
    ],
  });
  const svg = figure.tagName.toLowerCase() === "svg" ? figure : figure.querySelector("svg");
  return `${svg?.outerHTML ?? ""}\n`;
}

function colourOf(title: string): string {
  const found = (Object.keys(COLOURS) as SystemName[]).find((system) => SYSTEM_TITLES[system] === title);
  return (found && COLOURS[found]) ?? INK;
}
