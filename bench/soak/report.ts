import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BUS_NAMES, BUS_TITLES } from "../faults/names.js";
import { replacePart } from "../shared/docs-page.js";
import { markdownTable } from "../shared/markdown.js";
import { figuresOf, type Halves, type HostFigures, type Soak } from "./figures.js";
import { drawPlot } from "./plot.js";

const PAGE = "docs/reliability.md";
const PAGE_NUMBERS = "docs/soak.json";
const PAGE_PLOT = "docs/soak.svg";

const mebibytes = ({ first, last }: Halves): string =>
  `${(first / 2 ** 20).toFixed(1)} → ${(last / 2 ** 20).toFixed(1)}`;
const whole = ({ first, last }: Halves): string => `${Math.round(first)} → ${Math.round(last)}`;
const lag = ({ typical, longest }: HostFigures["busLag"]): string =>
  `${typical.toFixed(1)}, at most ${Math.round(longest)}`;

const COLUMNS = [
  "broker",
  "host",
  "rss, MiB",
  "heap, MiB",
  "external, MiB",
  "handles",
  "loop delay, ms",
  "bus lag, ms",
];
const DELIVERIES = ["deliveries", "lost", "doubled"];

/** A row for each host, by broker; deliveries are those of all clients of a broker. */
function rows(soaks: readonly Soak[]): readonly (readonly string[])[] {
  return soaks.flatMap(({ bus, hosts, expected, lost, doubled }) =>
    hosts.map((samples, index) => {
      const { host, rss, heapUsed, external, handles, loopLag, busLag } = figuresOf(bus, samples);
      const isFirst = index === 0;
      return [
        ...[isFirst ? BUS_TITLES[bus] : "", host, mebibytes(rss), mebibytes(heapUsed), mebibytes(external)],
        ...[whole(handles), lag(loopLag), lag(busLag)],
        ...(isFirst ? [expected, lost, doubled].map(String) : ["", "", ""]),
      ];
    }),
  );
}

export function soakTable(soaks: readonly Soak[]): string {
  const columns = [...COLUMNS, ...DELIVERIES];
  return markdownTable({ columns, rows: rows(soaks), alignment: (column) => (column < 2 ? "left" : "right") });
}

/** JSON, with a line for each run. */
export function writeNumbers(file: string, soaks: readonly Soak[]): void {
  const lines = soaks.map((soak) => JSON.stringify(soak)).join(",\n");
  writeFileSync(file, `{"units": {"time": "milliseconds", "memory": "bytes"}, "soaks": [\n${lines}\n]}\n`);
}

function pagePart(soaks: readonly Soak[]): string {
  const conditions = soaks.map(
    ({ measured, machine, minutes, rate }) =>
      `${minutes} minutes, ${rate} messages a second from Node and as many from Python, ${measured.slice(0, 10)}: ${machine}.`,
  );
  return [
    [...new Set(conditions)].join(" "),
    `![Memory, handles and lag of two Node hosts on each broker](${PAGE_PLOT.replace("docs/", "")})`,
    soakTable(soaks),
  ].join("\n\n");
}

/** New runs replace the earlier ones of the same broker. @returns the files. @throws Error when the page has no place */
export function writePage(measured: readonly Soak[]): readonly string[] {
  const earlier = existsSync(PAGE_NUMBERS)
    ? (JSON.parse(readFileSync(PAGE_NUMBERS, "utf8")) as { readonly soaks: readonly Soak[] }).soaks
    : [];
  const soaks = BUS_NAMES.flatMap((name) => [...measured, ...earlier].find(({ bus }) => bus === name) ?? []);
  const page = replacePart(readFileSync(PAGE, "utf8"), "soak -- --write", pagePart(soaks));
  writeFileSync(PAGE, page);
  writeFileSync(PAGE_PLOT, drawPlot(soaks));
  writeNumbers(PAGE_NUMBERS, soaks);
  return [PAGE, PAGE_PLOT, PAGE_NUMBERS];
}
