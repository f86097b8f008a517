import { bold } from "../../src/util/terminal-style.js";
import { namesOf, parseFlags, wholeNumber } from "../shared/options.js";
import { EDGE_FAULT_NAMES, EDGE_FAULT_TITLES, type EdgeFaultName } from "./edge/names.js";
import { BUS_NAMES, type BusName, FAULT_NAMES, FAULT_TITLES, type FaultName, LOG_FILE } from "./names.js";

export interface Options {
  readonly help: boolean;
  readonly buses: readonly BusName[];
  /** Of each bus. */
  readonly faults: readonly FaultName[];
  readonly edgeFaults: readonly EdgeFaultName[];
  readonly rate: number;
  /** Runs of each fault of a bus. */
  readonly repeat: number;
  /** Runs of each fault of the edge. */
  readonly edgeRepeat: number;
  readonly heartbeatInterval: number;
  readonly json: string | undefined;
  readonly write: boolean;
}

const linesOf = <Name extends string>(titles: Readonly<Record<Name, string>>): string =>
  Object.entries(titles)
    .map(([name, title]) => `                       ${name.padEnd(18)} ${title}`)
    .join("\n");

export const HELP = `${bold("npm run faults --")} [flags]: what a fleet, or the edge, loses when something fails

  npm run faults                                    everything, about an hour and a half
  npm run faults -- --bus redis --fault cut,killed  two faults of one broker
  npm run faults -- --edge                          the edge alone, about five minutes
  npm run faults -- --repeat 1 --json faults.json   once each, with the raw numbers

  --bus NAME,...       ${BUS_NAMES.join(", ")}, and not the edge. Default: all
  --edge               the edge, and no bus unless it is named
  --fault NAME,...     Default: all. Of each bus:
${linesOf(FAULT_TITLES)}
                       of the edge, in front of workers of gunicorn, over Redis:
${linesOf(EDGE_FAULT_TITLES)}
  --rate N             messages a second, in each direction, or events to the edge. Default: 200
  --repeat N           runs of each fault: medians of times, the most of each loss. Default: 5, of the edge 2
  --heartbeat MS       heartbeatInterval of the Node hosts. Default: 5000
  --json FILE          write the raw numbers of this measurement
  --write              put the tables into docs/reliability.md, the numbers into docs/reliability*.json
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
    edge: { type: "boolean", default: false },
    rate: { type: "string", default: "200" },
    repeat: { type: "string" },
    heartbeat: { type: "string", default: "5000" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  const faults = namesOf("fault", values.fault, [...FAULT_NAMES, ...EDGE_FAULT_NAMES]);
  const [hasBuses, hasEdge] = [values.bus.length > 0 || !values.edge, values.edge || values.bus.length === 0];
  const repeat = (fallback: string) => wholeNumber("repeat", values.repeat ?? fallback, 1, 100);
  return {
    help: values.help,
    buses: namesOf("bus", values.bus, BUS_NAMES),
    faults: FAULT_NAMES.filter((name) => hasBuses && faults.includes(name)),
    edgeFaults: EDGE_FAULT_NAMES.filter((name) => hasEdge && faults.includes(name)),
    rate: wholeNumber("rate", values.rate, 1, 500),
    repeat: repeat("5"),
    edgeRepeat: repeat("2"),
    heartbeatInterval: wholeNumber("heartbeat", values.heartbeat, 100, 60_000),
    json: values.json,
    write: values.write,
  };
}
