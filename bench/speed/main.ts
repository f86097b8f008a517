import { randomUUID } from "node:crypto";
import { launchRedis } from "../../test/helpers/redis.js";
import { owe, runToTheEnd } from "../shared/ending.js";
import { UsageError } from "../shared/options.js";
import { logTo } from "../shared/program.js";
import { reserveProcessor } from "./cpu.js";
import { HELP, LOG_FILE, type Options, parseOptions } from "./options.js";
import { Recorder } from "./recording.js";
import { profileCase } from "./run-profile.js";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(options: Options): Promise<void> {
  const prefix = reserveProcessor() ?? [];
  const redis = await launchRedis();
  owe(() => redis.kill().catch(() => {}));
  const channel = `bench-${randomUUID()}`;
  const recorder = await Recorder.start(redis.port, channel);
  owe(() => recorder.end());
  const setting = { redis, channel, prefix };
  if (options.profile) {
    const [system = "bridge"] = options.systems;
    say(await profileCase(setting, recorder, system, options.cases[0] ?? "1kb"));
  }
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
