import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { interrupted, owe, runToTheEnd } from "../shared/run-benchmark.js";
import { UsageError } from "../shared/options.js";
import { logTo } from "../shared/programs.js";
import { Progress } from "../shared/progress.js";
import { bold, dim, red } from "../../src/util/terminal-style.js";
import { type Judgement, judge } from "./targets.js";
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
import { targetTable, tablesOf, terminalTable } from "./tables.js";

/** What limits are multiplied with in a quick check, on whatever machine a CI has. */
const SHORT_LENIENCY = 1.3;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

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

/** Says what is not as required, and that nothing is, where nothing is. */
function conclude(judgements: readonly Judgement[], flaws: readonly string[], isShort: boolean): void {
  const missed = judgements.filter(({ isMet }) => isMet === false);
  const wide = isShort ? [] : judgements.filter(({ isTooWide }) => isTooWide);
  if (flaws.length + wide.length > 0) {
    say(bold(red("This measurement is invalid:")));
    for (const reason of [...flaws, ...wide.map(({ target: requirement }) => `${requirement.title}: the spread is too wide`)]) {
      say(red(`  ${reason}`));
    }
  }
  say(bold(missed.length > 0 ? red(`${missed.length} rows of the bar are missed.`) : "Every row of the bar is met."));
  process.exitCode = flaws.length + wide.length + missed.length > 0 ? 1 : 0;
}

async function run(options: Options): Promise<void> {
  const { systems, cases, repeat, short, profile, json, write } = options;
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  const prefix = reserveProcessor();
  const redis = await launchRedis();
  owe(() => redis.kill().catch(() => {}));
  const channel = `bench-${randomUUID()}`;
  const recorder = await Recorder.start(redis.port, channel);
  owe(() => recorder.end());
  const setting = { redis, channel, prefix: prefix ?? [] };
  if (profile) {
    const [system = "bridge"] = systems;
    say(await profileCase(setting, recorder, system, cases[0] ?? "1kb"));
    return;
  }
  say(dim(prefix === undefined ? "no processor of its own for the measured process" : "measured on processor 0"));
  const { runs, failures } = await runCampaign({
    ...{ systems, cases, repeat, setting, recorder, progress, say },
    times: short ? SHORT_TIMES : TIMES,
    interruption: interrupted,
  });
  const soaks = await soakAll(setting, recorder, options, progress);
  if (interrupted.aborted) {
    return;
  }
  const measurement: Measurement = { runs, soaks, repeat, isPinned: prefix !== undefined };
  const judgements = judge(runs, short ? SHORT_LENIENCY : 1);
  for (const table of [...tablesOf(runs, soaks), targetTable(judgements)].filter(({ rows }) => rows.length > 0)) {
    say(`\n${terminalTable(table)}`);
  }
  if (json !== undefined) {
    writeFileSync(json, numbersOf(measurement));
  }
  if (write) {
    say(`wrote ${writePage(measurement).join(", ")}`);
  }
  say("");
  conclude(judgements, [...failures, ...allFlaws(runs)], short);
}

function complain(error: unknown): void {
  const isUsage = error instanceof UsageError;
  process.exitCode = isUsage ? 2 : 1;
  process.stderr.write(`bench: ${(error as Error).message}${isUsage ? "; --help shows what there is" : ""}\n`);
}

logTo(LOG_FILE);
await runToTheEnd(async () => {
  const options = parseOptions(process.argv.slice(2));
  await (options.help ? process.stdout.write(HELP) : run(options));
}, complain);
