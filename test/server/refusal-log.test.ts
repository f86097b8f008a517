import test from "ava";
import { RefusalLog } from "../../src/server/refusal-log.js";

test("names that clients make up cost twenty lines and one, each short and on one line", (t) => {
  const lines: string[] = [];
  const log = new RefusalLog({ info: () => {}, warn: (line) => lines.push(line) });
  const refuse = (name: string) => log.add({ kind: "origin", name, message: "" });
  for (const index of Array.from({ length: 1_000 }).keys()) {
    refuse(`${index}\n\u001b[31m${"x".repeat(10_000)}`);
    refuse("https://elsewhere.example");
  }
  t.is(lines.length, 21);
  t.true(lines.every((line) => line.length < 300 && /^[\x20-\x7e…]*$/.test(line)));
  t.is(lines.filter((line) => line.includes("elsewhere.example")).length, 1);
});
