import { bold } from "../../src/util/terminal-style.js";
import { namesOf, parseFlags, wholeNumber } from "../shared/options.js";
import { BUS_NAMES, type BusName, FAULT_NAMES, FAULT_TITLES, type FaultName, LOG_FILE } from "./names.js";

export interface Options {
  readonly help: boolean;
  readonly buses: readonly BusName[];
  readonly faults: readonly FaultName[];
  readonly rate: number;
  readonly repeat: number;
  readonly heartbeatInterval: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

const faultLines = FAULT_NAMES.map((name) => `                       ${name.padEnd(13)} ${FAULT_TITLES[name]}`).join(
  "\n",
);

export const HELP = `${bold("npm run faults --")} [flags]: what a fleet of Node and Python hosts loses when something fails

  npm run faults                                    everything, about an hour and a half
  npm run faults -- --bus redis --fault cut,killed  two faults of one broker
  npm run faults -- --repeat 1 --json faults.json   once each, with the raw numbers

  --bus NAME,...       ${BUS_NAMES.join(", ")}. Default: all
  --fault NAME,...     Default: all of
${faultLines}
  --rate N             messages a second, in each direction. Default: 200
  --repeat N           runs of each fault: medians of times, the most of each loss. Default: 5
  --heartbeat MS       heartbeatInterval of the Node hosts. Default: 5000
  --json FILE          write the raw numbers of this measurement
  --write              put the table into docs/reliability.md, the numbers into docs/reliability.json
  -h, --help           show this help

Runs real brokers, python-socketio and Node hosts, each in a process of its own, on this machine. Linux only. The faults
cut and black-hole need root, because the tested host then runs in a network namespace of its own. Everything that is
started is also ended, after Ctrl-C too. ${LOG_FILE} has the logs of the programs.

Exits with 0 when all figures are as required, 1 when some are not or a run failed, 2 when the command line is wrong.
`;

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    bus: { type: "string", multiple: true, default: [] },
    fault: { type: "string", multiple: true, default: [] },
    rate: { type: "string", default: "200" },
    repeat: { type: "string", default: "5" },
    heartbeat: { type: "string", default: "5000" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  return {
    help: values.help,
    buses: namesOf("bus", values.bus, BUS_NAMES),
    faults: namesOf("fault", values.fault, FAULT_NAMES),
    rate: wholeNumber("rate", values.rate, 1, 500),
    repeat: wholeNumber("repeat", values.repeat, 1, 100),
    heartbeatInterval: wholeNumber("heartbeat", values.heartbeat, 100, 60_000),
    json: values.json,
    write: values.write,
  };
}
