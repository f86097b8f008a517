import { bold } from "../../src/util/terminal-style.js";
import { BUS_NAMES, type BusName } from "../faults/names.js";
import { namesOf, parseFlags, wholeNumber } from "../shared/options.js";

/** The standard error of the programs of a run. */
export const LOG_FILE = "build/chaos.log";

export interface Options {
  readonly help: boolean;
  readonly buses: readonly BusName[];
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

const MOST_SEEDS = 2 ** 31 - 1;

export const HELP = `${bold("npm run chaos --")} [flags]: does a fleet lose messages without a word, whatever happens to it?

  npm run chaos                                     an hour on each broker
  npm run chaos -- --bus redis --minutes 5          five minutes on one
  npm run chaos -- --bus redis --minutes 5 --seed 7 the same faults and messages again

  --bus NAME,...       ${BUS_NAMES.join(", ")}. Default: all, one after the other
  --minutes N          length of the run on each broker. Default: 60
  --seed N             what happens when depends on it, and on the other flags. Default: a new one, which is printed
  --rate N             emits a second, of all processes together; some of them are bursts. Default: 5
  --heartbeat MS       heartbeatInterval of the Node hosts. Default: 5000
  --json FILE          write every figure, fault and status
  --write              put the figures into docs/reliability.md and docs/chaos.json
  -h, --help           show this help

Starts a broker, two to four Node hosts, Python hosts with threads and asyncio, and emitters of Node and Python, each a
process of its own that reaches the broker over a link of its own. A random schedule decides who emits how much to whom:
to all, to a room, to a sid; from 10 bytes to 8 MiB; alone, or up to 20,000 in one loop. Meanwhile processes are blocked,
stopped, killed and started, links are cut, or deliver slowly, and the broker is killed and started.

Every message is accounted for at every client that should have it. One that is missing must have been announced: by an
error to its sender, by the sum in a status "dropped", or because the statuses of the very host that misses it show that it
was disconnected, on a broker that keeps nothing for it. What arrives twice, or late, must have been sent again after a
lost connection. Nothing may be given up while the broker is there.

Linux only. Everything that is started is also ended, after Ctrl-C too. ${LOG_FILE} has the logs of the programs.

Exits with 0 when everything is accounted for, 1 when it is not or a run failed, 2 when the command line is wrong.
`;

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    bus: { type: "string", multiple: true, default: [] },
    minutes: { type: "string", default: "60" },
    seed: { type: "string", default: String(Math.floor(Math.random() * MOST_SEEDS)) },
    rate: { type: "string", default: "5" },
    heartbeat: { type: "string", default: "5000" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  return {
    help: values.help,
    buses: namesOf("bus", values.bus, BUS_NAMES),
    minutes: wholeNumber("minutes", values.minutes, 1, 24 * 60),
    seed: wholeNumber("seed", values.seed, 0, MOST_SEEDS),
    rate: wholeNumber("rate", values.rate, 1, 1_000),
    heartbeatInterval: wholeNumber("heartbeat", values.heartbeat, 100, 60_000),
    json: values.json,
    write: values.write,
  };
}
