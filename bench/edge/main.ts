import { writeFileSync } from "node:fs";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { bold, red } from "../../src/util/terminal-style.js";
import { UsageError } from "../shared/options.js";
import { Progress } from "../shared/progress.js";
import { cleanUpAtEnd, interrupted, runBenchmark } from "../shared/run-benchmark.js";
import { terminalTable } from "../speed/tables.js";
import { type Judgement, judge } from "./bars.js";
import { runCampaign } from "./campaign.js";
import { machineLimits, obstacles } from "./machine-limits.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { numbersOf, writePage } from "./report.js";
import { barTable, figureTable } from "./tables.js";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** @throws UsageError that says what to raise */
function assertRoom({ measures, contenders, extent }: Options): void {
  const { idleClients, idleThreaded, fanOutClients, busyClients } = extent;
  const largest = (idle: number) => Math.max(measures.includes("idle") ? idle : 0, fanOutClients, busyClients);
  const threaded = contenders.includes("gthread") ? largest(Math.min(idleClients, idleThreaded)) : 0;
  const found = obstacles(largest(idleClients), threaded, machineLimits());
  if (found.length > 0) {
    throw new UsageError(
      `so many clients need ${found.join(", ")}; or give fewer with --idle-clients and --idle-threaded`,
    );
  }
}

/** Prints the verdict. */
function conclude(judgements: readonly Judgement[], failures: readonly string[]): void {
  const missed = judgements.filter(({ isMet }) => isMet === false).length;
  for (const failure of failures) {
    print(red(failure));
  }
  const verdict = missed === 1 ? "One bar is missed." : `${missed} bars are missed.`;
  print(bold(missed > 0 ? red(verdict) : failures.length > 0 ? red("Not all was measured.") : "Every bar is met."));
  process.exitCode = failures.length + missed > 0 ? 1 : 0;
}

async function run(options: Options): Promise<void> {
  const { measures, contenders, rounds, extent, short, json, write } = options;
  assertRoom(options);
  const progress = new Progress(process.stderr);
  interrupted.addEventListener("abort", () => progress.end());
  const redis = await launchRedis();
  cleanUpAtEnd(() => redis.kill().catch(() => {}));
  const stage = { redisUrl: redis.url, extent };
  const { runs, failures } = await runCampaign({
    ...{ measures, contenders, rounds, stage, progress, signal: interrupted, print },
  });
  if (interrupted.aborted) {
    return;
  }
  // In a moment of everything, only what holds at any speed is judged.
  const judgements = judge(runs).filter(({ bar }) => !short || bar.figure === "dropped");
  for (const table of [figureTable(runs), barTable(judgements)].filter(({ rows }) => rows.length > 0)) {
    print(`\n${terminalTable(table)}`);
  }
  const measurement = { runs, rounds, extent };
  if (json !== undefined) {
    writeFileSync(json, numbersOf(measurement));
  }
  if (write && failures.length === 0) {
    print(`wrote ${writePage(measurement)}`);
  }
  print("");
  conclude(judgements, failures);
}

await runBenchmark({ name: "bench:edge", logFile: LOG_FILE, help: HELP, parse: parseOptions, run });
