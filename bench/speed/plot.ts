import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { caseOf } from "./cases.js";
import { type RecordedRun, ratiosOf, summaryOf } from "./figures.js";
import { summarize } from "./statistics.js";
import { SYSTEM_TITLES, type SystemName } from "./systems.js";
import { number } from "./tables.js";

/** The cases that are drawn; the tables have all of them. */
const PLOTTED_CASES = ["100b", "1kb", "64kb", "100-recipients", "no-member", "no-member-64kb"] as const;

/** In the order of the bars in each group. */
const COLOURS: Readonly<Partial<Record<SystemName, string>>> = {
  bridge: "#1769e0",
  "passthrough-off": "#7fb2f7",
  floor: "#b3bac3",
  "redis-adapter": "#d9482b",
  sharded: "#ec9075",
  streams: "#f0bd62",
  "python-async": "#3a7d44",
  flask: "#93c397",
};

const REFERENCE: SystemName = "redis-adapter";

const BACKGROUND = "#ffffff";
const INK = "#1f2328";
const FAINT = "#6e7781";

export interface Bar {
  readonly case: string;
  readonly system: string;
  /** Server CPU per message, µs. */
  readonly cpu: number;
  /** Relative to the redis-adapter. */
  readonly ratio: number;
}

/** A bar for each plotted case and system that was measured. */
export function barsOf(runs: readonly RecordedRun[]): readonly Bar[] {
  return PLOTTED_CASES.flatMap((name) =>
    (Object.keys(COLOURS) as SystemName[]).flatMap((system) => {
      const cpu = summaryOf(runs, { case: name, system }, "cpuPerMessage")?.median;
      const reference = { case: name, system: REFERENCE };
      const ratio = summarize(ratiosOf(runs, { case: name, system }, reference, "cpuPerMessage"))?.median;
      return cpu === undefined || ratio === undefined
        ? []
        : [{ case: caseOf(name).title, system: SYSTEM_TITLES[system], cpu, ratio }];
    }),
  );
}

const WIDTH = 900;
const LEFT = 190;
const TOP = 82;
const BAR_HEIGHT = 17;
const GROUP_GAP = 30;
/** Where bars are cut off, so that the slowest leave room for the others. */
const LONGEST = 2;

const label = ({ ratio, cpu }: Bar): string => `${ratio.toFixed(2)}${ratio > LONGEST ? " →" : ""}   ${number(cpu)} µs`;

function title(text: string, y: number, size: number, colour: string, weight: number): string {
  return `<text x="16" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}" text-anchor="start">${text}</text>`;
}

/** An SVG document with a group of bars for each case. The redis-adapter is 1. */
export function drawPlot(runs: readonly RecordedRun[]): string {
  const bars = barsOf(runs);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const cases = [...new Set(bars.map((bar) => bar.case))];
  const shown = (Object.entries(COLOURS) as [SystemName, string][]).filter(([system]) =>
    bars.some((bar) => bar.system === SYSTEM_TITLES[system]),
  );
  const systems = shown.map(([system]) => SYSTEM_TITLES[system]);
  const place = { y: "system", fy: "case" } as const;
  const svg = Plot.plot({
    document: document as never,
    width: WIDTH,
    height: cases.length * (systems.length * BAR_HEIGHT + GROUP_GAP) + TOP + 50,
    ...{ marginLeft: LEFT, marginRight: 40, marginTop: TOP, marginBottom: 48 },
    style: { background: BACKGROUND, color: INK, fontFamily: "system-ui, sans-serif", fontSize: "12px" },
    x: { domain: [0, LONGEST * 1.18], ticks: [0, 0.5, 1, 1.5, 2], label: null, tickSize: 0 },
    y: { domain: systems, label: null, axis: null, padding: 0.14 },
    fy: { domain: cases, label: null, axis: null, padding: 0.16 },
    color: { domain: systems, range: shown.map(([, colour]) => colour) },
    marks: [
      Plot.gridX([0.5, 1.5, 2], { stroke: FAINT, strokeOpacity: 0.18 }),
      Plot.barX(bars, { ...place, x: (bar: Bar) => Math.min(bar.ratio, LONGEST), fill: "system" }),
      Plot.ruleX([1], { stroke: COLOURS[REFERENCE] ?? INK, strokeDasharray: "3 3", strokeOpacity: 0.8 }),
      Plot.text(bars, {
        ...{ ...place, x: 0, text: "system", textAnchor: "end", dx: -8 },
        fill: INK,
      }),
      Plot.text(bars, {
        ...place,
        x: (bar: Bar) => Math.min(bar.ratio, LONGEST),
        text: label,
        textAnchor: "start",
        dx: 6,
        // Keeps the line at 1 from crossing a figure.
        stroke: BACKGROUND,
        strokeWidth: 4,
        fill: INK,
      }),
      Plot.text(cases, {
        fy: (name: string) => name,
        text: (name: string) => name,
        frameAnchor: "top-left",
        dx: -LEFT + 16,
        dy: -14,
        fontWeight: "bold",
        fontSize: 13,
      }),
    ],
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const heading = [
    title("Server CPU per message, relative to @socket.io/redis-adapter", 28, 17, INK, 600),
    title("Shorter is better. Medians at saturation; 1 KB payload and one recipient unless noted.", 48, 12, FAINT, 400),
  ].join("");
  return `${svg.outerHTML.replace("</svg>", `${heading}</svg>`)}\n`;
}
