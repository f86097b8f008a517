import { bold } from "../../src/util/terminal-style.js";
import { BUS_NAMES, type BusName } from "../faults/names.js";
import { namesOf, parseFlags, wholeNumber } from "../shared/options.js";

/** The standard error of the programs of a measurement. */
export const LOG_FILE = "build/soak.log";

export interface Options {
  readonly help: boolean;
  readonly buses: readonly BusName[];
  readonly minutes: number;
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

export const HELP = `${bold("npm run soak --")} [flags]: does a Node host stay as it is under steady traffic?

  npm run soak                                  an hour on all brokers, side by side
  npm run soak -- --bus redis --minutes 5       five minutes on one
  npm run soak -- --write                       the hour, for docs/reliability.md

  --bus NAME,...       ${BUS_NAMES.join(", ")}. Default: all, side by side
  --minutes N          length of the run. Default: 60
  --rate N             messages a second of a Node host, and of a Python program; every client gets both. Default: 100
  --heartbeat MS       heartbeatInterval of the Node hosts. Default: 5000
  --json FILE          write every sample
  --write              put table and plot into docs/reliability.md, the samples into docs/soak.json
  -h, --help           show this help

On each broker there are two Node hosts, Python hosts, and a Python program that emits, each a process of its own. Memory,
handles, delay of the event loop and lag of the bus of both Node hosts are sampled. Memory and handles are compared between
the two halves of the run, without its first tenth; every message is counted at every client.

Linux only. Everything that is started is also ended, after Ctrl-C too. ${LOG_FILE} has the logs of the programs.

Exits with 0 when nothing grows and nothing is lost or doubled, 1 otherwise, 2 when the command line is wrong.
`;

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    bus: { type: "string", multiple: true, default: [] },
    minutes: { type: "string", default: "60" },
    rate: { type: "string", default: "100" },
    heartbeat: { type: "string", default: "5000" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  return {
    help: values.help,
    buses: namesOf("bus", values.bus, BUS_NAMES),
    minutes: wholeNumber("minutes", values.minutes, 1, 24 * 60),
    rate: wholeNumber("rate", values.rate, 1, 500),
    heartbeatInterval: wholeNumber("heartbeat", values.heartbeat, 100, 60_000),
    json: values.json,
    write: values.write,
  };
}
