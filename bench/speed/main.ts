import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { bold, dim, red } from "../../src/util/terminal-style.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { runCampaign } from "./campaign.js";
import { reserveProcessor } from "./cpu.js";
import { allFlaws } from "./figures.js";
import { SHORT_TIMES, TIMES } from "./measure.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { Recorder } from "./recording.js";
import { type Measurement, numbersOf, writePage } from "./report.js";
import { profileCase } from "./run-profile.js";
import type { Setting } from "./session.js";
import { measureSoak, SOAK_SYSTEMS, type Soak } from "./soak.js";
import { tablesOf, targetTable, terminalTable } from "./tables.js";
import { type Judgement, judge, LENIENT } from "./targets.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

async function soakAll(
  setting: Omit<Setting, "system">,
  recorder: Recorder,
  { systems, soak }: Options,
  progress: Progress,
): Promise<readonly Soak[]> {
  const soaks: Soak[] = [];
  for (const system of SOAK_SYSTEMS.filter((name) => soak && systems.includes(name) && !interrupted.aborted)) {
    progress.begin("memory under traffic");
    progress.phase(`${system}, ten minutes`);
    soaks.push(await measureSoak({ ...setting, system }, recorder));
    progress.end();
  }
  return soaks;
}

/** Prints the verdict. Nothing counts as measured if anything makes the measurement invalid. */
function conclude(judgements: readonly Judgement[], flaws: readonly string[], isShort: boolean): void {
  const missed = judgements.filter(({ isMet }) => isMet === false);
  const wide = isShort ? [] : judgements.filter(({ isTooWide }) => isTooWide);
  if (flaws.length + wide.length > 0) {
    print(bold(red("This measurement is invalid:")));
    for (const reason of [...flaws, ...wide.map(({ target }) => `${target.title}: the spread is too wide`)]) {
      print(red(`  ${reason}`));
    }
  }
  const verdict = missed.length === 1 ? "One target is missed." : `${missed.length} targets are missed.`;
  print(bold(missed.length > 0 ? red(verdict) : "Every target is met."));
  process.exitCode = flaws.length + wide.length + missed.length > 0 ? 1 : 0;
}

async function run(options: Options): Promise<void> {
  const { systems, cases, repeat, short, profile, json, write } = options;
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  const prefix = reserveProcessor();
  const redis = await launchRedis();
  cleanUpAtEnd(() => redis.kill().catch(() => {}));
  const channel = `bench-${randomUUID()}`;
  const recorder = await Recorder.start(redis.port, channel);
  cleanUpAtEnd(() => recorder.end());
  const setting = { redis, channel, prefix: prefix ?? [] };
  if (profile) {
    const [system = "bridge"] = systems;
    print(await profileCase(setting, recorder, system, cases[0] ?? "1kb"));
    return;
  }
  print(dim(prefix === undefined ? "no processor of its own for the measured process" : "measured on processor 0"));
  const { runs, failures } = await runCampaign({
    ...{ systems, cases, repeat, setting, recorder, progress, print },
    times: short ? SHORT_TIMES : TIMES,
    signal: interrupted,
  });
  const soaks = await soakAll(setting, recorder, options, progress);
  if (interrupted.aborted) {
    return;
  }
  const measurement: Measurement = { runs, soaks, repeat, isPinned: prefix !== undefined };
  const judgements = short ? judge(runs, LENIENT) : judge(runs);
  for (const table of [...tablesOf(runs, soaks), targetTable(judgements)].filter(({ rows }) => rows.length > 0)) {
    print(`\n${terminalTable(table)}`);
  }
  if (json !== undefined) {
    writeFileSync(json, numbersOf(measurement));
  }
  if (write) {
    print(`wrote ${writePage(measurement).join(", ")}`);
  }
  print("");
  conclude(judgements, [...failures, ...allFlaws(runs)], short);
}

await runBenchmark({ name: "bench", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
