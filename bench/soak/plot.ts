import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { BUS_NAMES, BUS_TITLES } from "../faults/names.js";
import type { Sample } from "../fleet/operations.js";
import type { Soak } from "./figures.js";

const BACKGROUND = "#ffffff";
const INK = "#1f2328";
const FAINT = "#6e7781";

const WIDTH = 1_000;
const TOP = 70;
const ROW_HEIGHT = 170;
/** Below the last row, for the name of its axis. */
const AXIS_NAME_HEIGHT = 14;
const LEFT = 64;

const MINUTE_MS = 60_000;
const MIB = 2 ** 20;

interface Point {
  readonly bus: string;
  readonly minute: number;
  readonly line: string;
  readonly value: number;
}

interface Row {
  readonly title: string;
  /** Lines in each panel, with their colours. */
  readonly lines: Readonly<Record<string, string>>;
  readonly values: (host: string, sample: Sample) => readonly (readonly [line: string, value: number | null])[];
}

const HOST_COLOURS = { "node-1, which emits": "#d9482b", "node-2": "#1769e0" };
const lineOf = (host: string): string => (host === "node-1" ? "node-1, which emits" : host);
const perHost =
  (of: (sample: Sample) => number | null): Row["values"] =>
  (host, sample) => [[lineOf(host), of(sample)]];

const ROWS: readonly Row[] = [
  {
    title: "Resident memory, MiB",
    lines: HOST_COLOURS,
    values: perHost(({ rss }) => rss / MIB),
  },
  {
    title: "JavaScript heap, MiB",
    lines: HOST_COLOURS,
    values: perHost(({ heapUsed }) => heapUsed / MIB),
  },
  { title: "Active handles", lines: HOST_COLOURS, values: perHost(({ handles }) => handles) },
  {
    title: "Delay of the event loop, 99th percentile, ms",
    lines: HOST_COLOURS,
    values: perHost(({ loopLagP99 }) => loopLagP99),
  },
  { title: "Lag of the bus, ms", lines: HOST_COLOURS, values: perHost(({ busLag }) => busLag) },
];

/** The points of one row, of all brokers. */
export function pointsOf(soaks: readonly Soak[], { values }: Pick<Row, "values">): readonly Point[] {
  return soaks.flatMap(({ bus, hosts }) =>
    hosts.flatMap(({ host, samples }) =>
      samples.flatMap((sample) =>
        values(host, sample).flatMap(([line, value]) =>
          value === null ? [] : [{ bus: BUS_TITLES[bus], minute: sample.at / MINUTE_MS, line, value }],
        ),
      ),
    ),
  );
}

function drawRow(soaks: readonly Soak[], row: Row, isLast: boolean): string {
  const below = isLast ? AXIS_NAME_HEIGHT : 0;
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const points = pointsOf(soaks, row);
  const buses = BUS_NAMES.filter((name) => soaks.some(({ bus }) => bus === name)).map((name) => BUS_TITLES[name]);
  const svg = Plot.plot({
    document: document as never,
    width: WIDTH,
    height: ROW_HEIGHT + below,
    ...{ marginLeft: LEFT, marginRight: 16, marginTop: 40, marginBottom: 26 + below },
    style: { background: BACKGROUND, color: INK, fontFamily: "system-ui, sans-serif", fontSize: "11px" },
    fx: { domain: buses, label: null, axis: null, padding: 0.06 },
    x: { label: isLast ? "minutes" : null, ticks: 4, tickSize: 3 },
    y: { zero: true, nice: true, ticks: 4, label: null, tickSize: 0 },
    color: { domain: Object.keys(row.lines), range: Object.values(row.lines) },
    marks: [
      Plot.gridY({ stroke: FAINT, strokeOpacity: 0.18 }),
      Plot.ruleY([0], { stroke: FAINT, strokeOpacity: 0.5 }),
      Plot.line(points, { fx: "bus", x: "minute", y: "value", z: "line", stroke: "line", strokeWidth: 1.4 }),
      Plot.text(buses, {
        ...{ fx: (name: string) => name, text: (name: string) => name, frameAnchor: "top-left", dy: -13 },
        ...{ fill: FAINT, fontSize: 11 },
      }),
    ],
  });
  return svg.outerHTML;
}

const text = (x: number, y: number, size: number, colour: string, weight: number, content: string): string =>
  `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${colour}">${content}</text>`;

/** An SVG document with a row for each figure, and a column for each broker. */
export function drawPlot(soaks: readonly Soak[]): string {
  const height = TOP + ROWS.length * ROW_HEIGHT + AXIS_NAME_HEIGHT;
  const rows = ROWS.map((row, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const drawn = drawRow(soaks, row, index === ROWS.length - 1);
    return `<g transform="translate(0 ${y})">${drawn}${text(16, 14, 13, INK, 600, row.title)}</g>`;
  });
  const legend = Object.entries(HOST_COLOURS).map(
    ([name, colour], index) =>
      `<rect x="${16 + index * 190}" y="46" width="12" height="4" fill="${colour}"/>${text(34 + index * 190, 52, 12, FAINT, 400, name)}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif">`,
    `<rect width="${WIDTH}" height="${height}" fill="${BACKGROUND}"/>`,
    text(16, 28, 17, INK, 600, "Two Node hosts under steady traffic"),
    ...legend,
    ...rows,
    "</svg>\n",
  ].join("");
}
