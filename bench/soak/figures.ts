import type { BusName } from "../faults/names.js";
import type { Sample } from "../fleet/operations.js";

/** Samples of one Node host; `at` is in milliseconds from the start of the run. */
export interface HostSamples {
  readonly host: string;
  readonly samples: readonly Sample[];
}

/** A run on one broker. */
export interface Soak {
  readonly bus: BusName;
  readonly measured: string;
  readonly machine: string;
  readonly minutes: number;
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly hosts: readonly HostSamples[];
  /** Deliveries: messages times the clients that should get them. */
  readonly expected: number;
  readonly lost: number;
  readonly doubled: number;
  /** What else went wrong, in words. */
  readonly problems: readonly string[];
}

/** Medians of one figure in the first and in the last half. */
export interface Halves {
  readonly first: number;
  readonly last: number;
}

/** One host, in the halves of the run. */
export interface HostFigures {
  readonly bus: BusName;
  readonly host: string;
  readonly rss: Halves;
  readonly heapUsed: Halves;
  readonly external: Halves;
  readonly handles: Halves;
  /** Of the whole run. Median of the 99th percentiles, and the longest. */
  readonly loopLag: { readonly typical: number; readonly longest: number };
  readonly busLag: { readonly typical: number; readonly longest: number };
  /** What has grown, in words. */
  readonly growth: readonly string[];
}

const MIB = 2 ** 20;

/** Modules are loaded, and caches fill. */
const WARM_UP_SHARE = 0.1;

/** Memory may differ by both of these: a garbage collector has its own rhythm. */
const MEMORY_SHARE = 0.1;
const MEMORY_BYTES = 8 * MIB;

/** Timers and sockets of the moment. */
const HANDLES = 4;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

function growthOf(name: string, { first, last }: Halves, limit: number, unit: number): readonly string[] {
  const shown = (value: number) => (value / unit).toFixed(1).replace(".0", "");
  return last - first > limit ? [`${name} grows from ${shown(first)} to ${shown(last)}`] : [];
}

export function figuresOf(bus: BusName, { host, samples }: HostSamples): HostFigures {
  const steady = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const middle = Math.floor(steady.length / 2);
  const halves = (of: (sample: Sample) => number): Halves => ({
    first: median(steady.slice(0, middle).map(of)),
    last: median(steady.slice(middle).map(of)),
  });
  const rss = halves((sample) => sample.rss);
  const heapUsed = halves((sample) => sample.heapUsed);
  const external = halves((sample) => sample.external);
  const handles = halves((sample) => sample.handles);
  const memoryLimit = ({ first }: Halves) => Math.max(MEMORY_BYTES, first * MEMORY_SHARE);
  const busLags = steady.flatMap(({ busLag }) => (busLag === null ? [] : [busLag]));
  return {
    ...{ bus, host, rss, heapUsed, external, handles },
    loopLag: {
      typical: median(steady.map(({ loopLagP99 }) => loopLagP99)),
      longest: Math.max(0, ...steady.map(({ loopLagMax }) => loopLagMax)),
    },
    busLag: { typical: median(busLags), longest: Math.max(0, ...busLags) },
    growth: [
      ...growthOf("rss in MiB", rss, memoryLimit(rss), MIB),
      ...growthOf("heapUsed in MiB", heapUsed, memoryLimit(heapUsed), MIB),
      ...growthOf("external in MiB", external, memoryLimit(external), MIB),
      ...growthOf("the number of handles", handles, HANDLES, 1),
    ],
  };
}

/** What is not as it should be, in words. */
export function problemsOf(soak: Soak): readonly string[] {
  const { bus, hosts, lost, doubled, problems } = soak;
  return [
    ...hosts.flatMap((samples) => figuresOf(bus, samples).growth.map((text) => `${bus}, ${samples.host}: ${text}`)),
    ...(lost > 0 ? [`${bus}: ${lost} lost`] : []),
    ...(doubled > 0 ? [`${bus}: ${doubled} doubled`] : []),
    ...problems.map((text) => `${bus}: ${text}`),
  ];
}
