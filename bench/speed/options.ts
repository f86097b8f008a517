import { bold } from "../../src/util/terminal-style.js";
import { namesOf, parseFlags, UsageError, wholeNumber } from "../shared/options.js";
import { CASES } from "./cases.js";
import { SYSTEM_NAMES, SYSTEM_TITLES, type SystemName } from "./systems.js";

/** The standard error of the programs of a measurement. */
export const LOG_FILE = "build/bench.log";

export interface Options {
  readonly help: boolean;
  readonly systems: readonly SystemName[];
  /** Names of `CASES`. */
  readonly cases: readonly string[];
  readonly repeat: number;
  readonly short: boolean;
  readonly profile: boolean;
  readonly soak: boolean;
  readonly json: string | undefined;
  readonly write: boolean;
}

const list = (names: readonly string[], titleOf: (name: string) => string): string =>
  names.map((name) => `                       ${name.padEnd(17)} ${titleOf(name)}`).join("\n");

const CASE_NAMES = CASES.map(({ name }) => name);
const caseTitle = (name: string): string => CASES.find((each) => each.name === name)?.title ?? "";

export const HELP = `${bold("npm run bench --")} [flags]: what a message costs this adapter and others on the same Redis

  npm run bench                                      everything, about half an hour
  npm run bench -- --short                           about a minute: does it still beat the others?
  npm run bench -- --case 1kb --system bridge,floor  one case of two systems
  npm run bench -- --profile --case 64kb             the functions in which the bridge spends its time

  --system NAME,...    Default: all of
${list(SYSTEM_NAMES, (name) => SYSTEM_TITLES[name as SystemName])}
  --case NAME,...      Default: all of
${list(CASE_NAMES, caseTitle)}
  --repeat N           how often each system is measured in each case. Default: 5; with --short 3
  --short              only the cases and systems of a quick check, with generous limits for the
                       best repeat
  --profile            of one case, the functions of the bridge by time; saves a .cpuprofile
  --soak               also ten minutes of traffic for each system, to see whether its memory grows
  --json FILE          write the raw numbers of this measurement
  --write              put the tables and the plot into docs/performance.md, the numbers into docs/performance.json
  -h, --help           show this help

Each system is a process of its own, on a processor of its own if there is taskset; Redis, the sender and the clients use
the others. Linux only. Everything that is started is also ended, after Ctrl-C too. ${LOG_FILE} has the logs of the
programs.

Exits with 0 when every target is met, 1 when one is missed or a run is invalid, 2 when the command line is wrong.
`;

/** What `--short` measures. */
const SHORT_CASES = ["1kb", "64kb", "no-member"];
const SHORT_SYSTEMS: readonly SystemName[] = ["floor", "bridge", "passthrough-off", "redis-adapter"];

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    system: { type: "string", multiple: true, default: [] },
    case: { type: "string", multiple: true, default: [] },
    repeat: { type: "string" },
    short: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    soak: { type: "boolean", default: false },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  const { short, write, profile } = values;
  if (write && (short || profile)) {
    throw new UsageError(`--write puts a whole measurement on the page, which --${short ? "short" : "profile"} is not`);
  }
  const ofBridge = profile && values.system.length === 0 ? ["bridge"] : values.system;
  const systems = namesOf("system", ofBridge, SYSTEM_NAMES);
  const cases = namesOf("case", values.case, CASE_NAMES);
  return {
    help: values.help,
    systems: short ? systems.filter((name) => SHORT_SYSTEMS.includes(name)) : systems,
    cases: short ? cases.filter((name) => SHORT_CASES.includes(name)) : cases,
    repeat: wholeNumber("repeat", values.repeat ?? (short ? "3" : "5"), 1, 100),
    short,
    profile,
    soak: values.soak,
    json: values.json,
    write,
  };
}
