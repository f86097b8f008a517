/**
 * The table of imports in docs/architecture.md, from the rules of .dependency-cruiser.mjs: compares the two, and with
 * `--write` brings the page up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import config from "../.dependency-cruiser.mjs";

const PAGE = "docs/architecture.md";
const [START, END] = ["<!-- imports:start -->", "<!-- imports:end -->"];

/** `^src/bus/(bus|options)\.ts$` is `bus/bus.ts` and `bus/options.ts`. */
function names(pattern) {
  const path = pattern
    .replace(/^\^src\//, "")
    .replace("\\.ts$", ".ts")
    .replace(/\/$/, "");
  const [, before, choices, after] = /^(.*)\((.*)\)(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split("|").map((choice) => `${before}${choice}${after}`);
}

/** A rule that lets a folder import nothing but what it lists, of everything or of the folder around it. */
function row({ name, to }) {
  const allowed = to.pathNot.filter((pattern) => pattern !== `^${name}/`).flatMap(names);
  const list = allowed.map((path) => `\`${path}\``).join(", ") || "nothing";
  const [, around] = /^\^(src\/\w+)\/$/.exec(to.path) ?? [];
  return `| \`${name}\` | ${around === undefined ? list : `of \`${around}\`: ${list}`} |`;
}

const rules = config.forbidden.filter(({ name, to }) => name.startsWith("src/") && Array.isArray(to.pathNot));
const table = ["| folder | may import, besides itself |", "|---|---|", ...rules.map(row)].join("\n");

const page = readFileSync(PAGE, "utf8");
const [start, end] = [page.indexOf(START), page.indexOf(END)];
if (start === -1 || end < start) {
  throw new Error(`${PAGE} has no table between ${START} and ${END}`);
}
const updated = `${page.slice(0, start + START.length)}\n${table}\n${page.slice(end)}`;
if (process.argv.includes("--write")) {
  writeFileSync(PAGE, updated);
} else if (page !== updated) {
  console.error(`${PAGE} does not agree with .dependency-cruiser.mjs: node scripts/import-table.mjs --write`);
  process.exitCode = 1;
}
