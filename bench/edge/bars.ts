import { type Summary, summarize } from "../speed/statistics.js";
import type { ContenderName } from "./contenders.js";
import { type FigureName, pairsOf, type Run, valuesOf } from "./figures.js";

/** What two figures of a round are compared by; `worst` is the largest value of one contender in any round. */
type Comparison = "ratio" | "difference" | "worst";

/** A row of the bar. */
export interface Bar {
  readonly title: string;
  readonly figure: FigureName;
  readonly one: ContenderName;
  /** Not with `worst`. */
  readonly other?: ContenderName;
  readonly comparison: Comparison;
  /** Neither, where the figure is only shown. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

type Limit = Pick<Bar, "atMost" | "atLeast">;

const ratio = (
  title: string,
  figure: FigureName,
  one: ContenderName,
  other: ContenderName,
  limit: Limit = {},
): Bar => ({
  ...{ title, figure, one, other, comparison: "ratio", ...limit },
});
const added = (title: string, one: ContenderName, other: ContenderName): Bar => ({
  ...{ title: `latency added to an echo, p50, ms, ${title}`, figure: "p50", one, other },
  ...{ comparison: "difference", atMost: 2 },
});

const MEMORY = "memory per idle client, edge and workers against";
const CPU = "CPU per delivery to 1,000 clients, edge against";
const ECHO = "echoes of one Python process, edge against";

export const BARS: readonly Bar[] = [
  ratio(`${MEMORY} Flask-SocketIO, gthread`, "memoryPerClient", "edge-gthread", "gthread", { atMost: 0.25 }),
  ratio(`${MEMORY} Flask-SocketIO, gevent`, "memoryPerClient", "edge-gthread", "gevent"),
  ratio(`${MEMORY} AsyncServer`, "memoryPerClient", "edge-asgi", "asgi"),
  ratio(`${CPU} Flask-SocketIO, gthread`, "cpuPerDelivery", "edge-gthread", "gthread", { atMost: 0.15 }),
  ratio(`${CPU} AsyncServer`, "cpuPerDelivery", "edge-asgi", "asgi", { atMost: 0.15 }),
  ratio(`${CPU} Flask-SocketIO, gevent`, "cpuPerDelivery", "edge-gthread", "gevent"),
  ratio(`${CPU} Flask-SocketIO, gthread, four emits at once`, "cpuPerBurstDelivery", "edge-gthread", "gthread"),
  ratio(`${CPU} AsyncServer, four emits at once`, "cpuPerBurstDelivery", "edge-asgi", "asgi"),
  ratio(`${ECHO} Flask-SocketIO, gthread`, "echoRate", "edge-gthread", "gthread", { atLeast: 1 }),
  ratio(`${ECHO} Flask-SocketIO, gevent`, "echoRate", "edge-gevent", "gevent", { atLeast: 1 }),
  ratio(`${ECHO} AsyncServer`, "echoRate", "edge-asgi", "asgi"),
  ratio("echoes that wait 10 ms, 4 workers against 1, of 4 threads", "queryRate", "edge-gthread-4", "edge-gthread", {
    atLeast: 3,
  }),
  ratio("echoes that wait 10 ms, 4 granian workers against 1", "queryRate", "edge-granian-4", "edge-granian"),
  ratio(
    "echoes that wait 100 ms, 4 workers against 1, of 4 threads",
    "slowQueryRate",
    "edge-gthread-4",
    "edge-gthread",
  ),
  added("Flask-SocketIO, gthread", "edge-gthread", "gthread"),
  added("granian against Flask-SocketIO, gthread", "edge-granian", "gthread"),
  added("Flask-SocketIO, gevent", "edge-gevent", "gevent"),
  added("AsyncServer", "edge-asgi", "asgi"),
  ...(["edge-gthread", "edge-gthread-4"] as const).map((one): Bar => {
    const title = `clients dropped by a redeploy, %, ${one === "edge-gthread" ? "1 worker" : "4 workers"}`;
    return { title, figure: "dropped", one, comparison: "worst", atMost: 0 };
  }),
];

export interface Judgement {
  readonly bar: Bar;
  readonly value: number;
  /** Of the rounds; undefined for the worst of them. */
  readonly summary: Summary | undefined;
  /** Undefined where there is no limit. */
  readonly isMet: boolean | undefined;
}

function verdictOn({ atMost, atLeast }: Bar, value: number): boolean | undefined {
  if (atMost === undefined && atLeast === undefined) {
    return undefined;
  }
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY);
}

/** The bars whose figures were measured, each by the median of its rounds, or by the worst. */
export function judge(runs: readonly Run[], bars: readonly Bar[] = BARS): readonly Judgement[] {
  return bars.flatMap((bar): readonly Judgement[] => {
    const { one, other, figure, comparison } = bar;
    if (other === undefined) {
      const values = valuesOf(runs, one, figure);
      const value = Math.max(...values);
      return values.length === 0 ? [] : [{ bar, value, summary: undefined, isMet: verdictOn(bar, value) }];
    }
    const pairs = pairsOf(runs, one, other, figure);
    const summary = summarize(pairs.map(([a, b]) => (comparison === "ratio" ? a / b : a - b)));
    return summary === undefined
      ? []
      : [{ bar, value: summary.median, summary, isMet: verdictOn(bar, summary.median) }];
  });
}
