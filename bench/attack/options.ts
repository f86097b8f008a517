import { bold } from "../../src/util/terminal-style.js";
import { BUS_NAMES, type BusName } from "../faults/names.js";
import { namesOf, parseFlags, wholeNumber } from "../shared/options.js";
import { ATTACK_NAMES, type AttackName } from "./names.js";

/** The standard error of the programs of a run. */
export const LOG_FILE = "build/attack.log";

export interface Options {
  readonly help: boolean;
  readonly bus: BusName;
  readonly attacks: readonly AttackName[];
  readonly frames: number;
  readonly mebibytes: number;
  readonly seed: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

const MOST_SEEDS = 2 ** 31 - 1;

/** Sizes of heavy frames. 48 MiB is the largest `maxMessageSize`. */
const MOST_MEBIBYTES = 47;

export const HELP = `${bold("npm run attack --")} [flags]: what can a hostile frame, client or broker do to a Node host?

  npm run attack                                all attacks on Redis, with 100,000 flood frames; some minutes
  npm run attack -- --only floods --frames 10000000
  npm run attack -- --only heavy --mib 32       one frame of each kind that is costly to read
  npm run attack -- --seed 7                    the same frames again

  --bus NAME       ${BUS_NAMES.join(", ")}. Default: redis
  --only NAME,...  ${ATTACK_NAMES.join(", ")}. Default: all
                   floods    frames by grammar and by mutation, on both channels, in every encoding
                   heavy     single frames that are costly to read
                   clients   what a client can send to an application that passes it on
                   brokers   a broker that stalls, cuts off, slices and alters what it sends
  --frames N       number of frames in all floods together. Default: 100000
  --mib N          size in MiB of a heavy frame, and of what a client sends, 1 to ${MOST_MEBIBYTES}. Default: 8.
                   Heavy frames on Kafka always have 0.9 MB
  --seed N         determines what is sent. Default: a random one, which is printed
  --json FILE      write every figure
  --write          put the figures into docs/reliability.md and docs/attack.json
  -h, --help       show this help

Starts a broker, three Node hosts and an emitter with acknowledgements, each a process of its own. After each attack it
asks: is every process alive, is the next good message delivered, how long did the event loop stall, and how much memory
was used, at the peak and afterwards?

Linux only. Everything that is started is also ended, after Ctrl-C too. ${LOG_FILE} has the logs of the programs.

Exits with 0 when every answer that has a limit is within it, 1 when one is not or the run failed, 2 when the command line is wrong.
`;

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    bus: { type: "string", default: "redis" },
    only: { type: "string", multiple: true, default: [] },
    frames: { type: "string", default: "100000" },
    mib: { type: "string", default: "8" },
    seed: { type: "string", default: String(Math.floor(Math.random() * MOST_SEEDS)) },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  const [bus = "redis"] = namesOf("bus", [values.bus], BUS_NAMES);
  return {
    help: values.help,
    bus,
    attacks: namesOf("only", values.only, ATTACK_NAMES),
    frames: wholeNumber("frames", values.frames, 1, 1_000_000_000),
    mebibytes: wholeNumber("mib", values.mib, 1, MOST_MEBIBYTES),
    seed: wholeNumber("seed", values.seed, 0, MOST_SEEDS),
    json: values.json,
    write: values.write,
  };
}
