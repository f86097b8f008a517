import { bold } from "../../src/util/terminal-style.js";
import { namesOf, parseFlags, UsageError, wholeNumber } from "../shared/options.js";
import { CONTENDER_NAMES, CONTENDERS, type ContenderName } from "./contenders.js";
import { MEASURE_NAMES, type MeasureName } from "./figures.js";
import { type Extent, FULL, SHORT } from "./measures.js";

/** The standard error of the programs of a measurement. */
export const LOG_FILE = "build/bench-edge.log";

export interface Options {
  readonly help: boolean;
  readonly measures: readonly MeasureName[];
  readonly contenders: readonly ContenderName[];
  readonly rounds: number;
  readonly extent: Extent;
  readonly short: boolean;
  readonly json: string | undefined;
  readonly write: boolean;
}

const MEASURE_TITLES: Readonly<Record<MeasureName, string>> = {
  echo: "acknowledged echoes: rate with many clients, latency of one",
  query: "the same with handlers that wait 10 ms and 100 ms: rates",
  "fan-out": `CPU per delivery of 1 KB emits to ${FULL.fanOutClients} clients, all processes of the server`,
  idle: "memory per idle client, all processes of the server; clients accepted a second",
  redeploy: "clients that are dropped, and events that are lost, when gunicorn gets a HUP",
};

const list = (names: readonly string[], titleOf: (name: never) => string): string =>
  names.map((name) => `                         ${name.padEnd(15)} ${titleOf(name as never)}`).join("\n");

/** What `--short` measures, unless told otherwise. */
const SHORT_CONTENDERS: readonly ContenderName[] = ["gthread", "edge-gthread", "edge-gevent", "edge-asgi"];

export const HELP = `${bold("npm run bench:edge --")} [flags]: an application behind the edge, and served by Python alone

  npm run bench:edge                               everything, about 11 minutes on a quiet machine
  npm run bench:edge -- --short                    about a minute: does all of it work?
  npm run bench:edge -- --only echo --rounds 5     one measure, in five rounds
  npm run bench:edge -- --only idle --idle-threaded 5000   gthread with as many clients as the others

  --only NAME,...        Default: all of
${list(MEASURE_NAMES, (name: MeasureName) => MEASURE_TITLES[name])}
  --contender NAME,...   Default: all of (with --short ${SHORT_CONTENDERS.join(", ")})
${list(CONTENDER_NAMES, (name: ContenderName) => CONTENDERS[name].title)}
  --rounds N             how often each contender is measured, in turn. Default: 3; with --short 1
  --clients N            clients of echo and query, each as fast as it gets answers. Default: ${FULL.busyClients}; with --short ${SHORT.busyClients}
  --idle-clients N       clients of idle. Default: ${FULL.idleClients}; with --short ${SHORT.idleClients}. One round
  --idle-threaded N      of these, clients of gthread: it takes ever longer for the next, with four threads for each.
                         Default: ${FULL.idleThreaded}; with --short ${SHORT.idleThreaded}
  --short                a moment of everything, to see whether it works; no bar on time and memory
  --json FILE            write the figures of every run
  --write                put the tables into docs/performance.md
  -h, --help             show this help

Both applications are one file of Python, the same with and without the edge: bench/edge/*_app.py. Without the edge there
is one process of Python, since Flask-SocketIO under gunicorn can have no more; under gthread it has a thread for each
client, and Flask-SocketIO starts three more. Behind the edge a gthread worker has 8 threads, and 4 in query.

Servers, Redis and clients share the processors, and no process is pinned. Memory is PSS from /proc, CPU time is that of
the scheduler; Redis counts in neither. Linux only. Everything that is started is also ended, after Ctrl-C too.
${LOG_FILE} has the logs of the programs.

Exits with 0 when every bar is met, 1 when one is missed or a run fails, 2 when the command line is wrong.
`;

/** @throws UsageError with one line that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const values = parseFlags(args, {
    only: { type: "string", multiple: true, default: [] },
    contender: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    clients: { type: "string" },
    "idle-clients": { type: "string" },
    "idle-threaded": { type: "string" },
    short: { type: "boolean", default: false },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  const { short, write } = values;
  if (write && (short || values.only.length + values.contender.length > 0)) {
    throw new UsageError("--write puts a whole measurement on the page: leave out --short, --only and --contender");
  }
  const extent = short ? SHORT : FULL;
  const asked = short && values.contender.length === 0 ? SHORT_CONTENDERS : values.contender;
  return {
    help: values.help,
    measures: namesOf("only", values.only, MEASURE_NAMES),
    contenders: namesOf("contender", asked, CONTENDER_NAMES),
    rounds: wholeNumber("rounds", values.rounds ?? (short ? "1" : "3"), 1, 100),
    extent: {
      ...extent,
      busyClients: wholeNumber("clients", values.clients ?? String(extent.busyClients), 1, 5_000),
      idleClients: wholeNumber("idle-clients", values["idle-clients"] ?? String(extent.idleClients), 1, 20_000),
      idleThreaded: wholeNumber("idle-threaded", values["idle-threaded"] ?? String(extent.idleThreaded), 1, 20_000),
    },
    short,
    json: values.json,
    write,
  };
}
