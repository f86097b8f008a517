import { setTimeout as pause } from "node:timers/promises";
import { judge } from "../chaos/judge.js";
import { evidenceOf } from "../chaos/observe.js";
import { pairOf } from "../chaos/report.js";
import { settle } from "../chaos/settle.js";
import type { BusName } from "../faults/names.js";
import { type Fleet, startFleet } from "../fleet/fleet.js";
import type { Member } from "../fleet/member.js";
import type { Sample } from "../fleet/operations.js";
import { rosterOf } from "../fleet/roster.js";
import { now } from "../shared/clock.js";
import { machine } from "../shared/docs-page.js";
import type { HostSamples, Soak } from "./figures.js";

export interface SoakOptions {
  readonly minutes: number;
  readonly rate: number;
  readonly heartbeatInterval: number;
  /** Aborted when the run is to be given up. */
  readonly signal: AbortSignal;
  /** Registers what must run if it is interrupted. */
  cleanUpAtEnd(cleanup: () => Promise<void>): unknown;
}

const MINUTE_MS = 60_000;
const NODE_HOSTS = 2;
/** As many as a plot can show. */
const SAMPLES = 360;
const LEAST_SAMPLE_MS = 1_000;
const SAMPLE_TIMEOUT_MS = 60_000;

/** Who emits: traffic from Node and from Python. */
const SENDERS = ["node-1", "python-emitter"];

async function sampleHosts(hosts: readonly Member[], start: number, into: readonly Sample[][]): Promise<void> {
  await Promise.all(
    hosts.map(async (host, index) => {
      const { event: _, ...sample } = await host.sendAndWait({ op: "sample" }, "sample", SAMPLE_TIMEOUT_MS);
      const { at, ...rest } = sample as unknown as Sample;
      into[index]?.push({ at: Math.round(at - start), ...rest });
    }),
  );
}

async function observe(
  { members }: Fleet,
  { minutes, rate, signal }: SoakOptions,
  hosts: readonly Member[],
): Promise<readonly HostSamples[]> {
  const start = now();
  const samples: Sample[][] = hosts.map(() => []);
  for (const member of members.filter(({ name }) => SENDERS.includes(name))) {
    member.send({ op: "tick", interval: 1_000 / rate });
  }
  const length = minutes * MINUTE_MS;
  const interval = Math.max(LEAST_SAMPLE_MS, length / SAMPLES);
  for (let due = interval; due <= length && !signal.aborted; due += interval) {
    await pause(Math.max(0, start + due - now()), undefined, { signal }).catch(() => {});
    await sampleHosts(hosts, start, samples);
  }
  return hosts.map(({ name }, index) => ({ host: name, samples: samples[index] ?? [] }));
}

/** Starts what a run on one broker needs. @throws Error when something cannot be started */
export function startSoakFleet(
  bus: BusName,
  { heartbeatInterval, cleanUpAtEnd }: Pick<SoakOptions, "heartbeatInterval" | "cleanUpAtEnd">,
): Promise<Fleet> {
  const members = rosterOf(bus, NODE_HOSTS).filter(({ kind }) => kind !== "node-emitter");
  return startFleet({ bus, members, heartbeatInterval }, cleanUpAtEnd);
}

/** Ends the fleet. @throws Error when a process ends by itself */
export async function measureSoak(bus: BusName, fleet: Fleet, options: SoakOptions): Promise<Soak> {
  const { minutes, rate, heartbeatInterval, signal } = options;
  try {
    const hosts = fleet.members.filter(({ plan }) => plan.kind === "node-host");
    const samples = await observe(fleet, options, hosts);
    const unsettled = await settle(fleet, signal, SENDERS);
    const { pairs, failures } = judge(evidenceOf(bus, fleet, { restarts: [], addressed: new Map() }));
    const sum = (of: (pair: (typeof pairs)[number]) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
    const announced = pairs.flatMap((pair) =>
      Object.entries(pair.announced).map(([why, count]) => `${pairOf(pair)}: ${count} missing, ${why}`),
    );
    return {
      ...{ bus, measured: new Date().toISOString(), machine: machine(), minutes, rate, heartbeatInterval },
      ...{ hosts: samples, expected: sum(({ expected }) => expected) },
      lost: sum(({ expected, received }) => expected - received),
      doubled: sum(({ doubled }) => doubled),
      problems: [...unsettled, ...failures.map((failure) => `${pairOf(failure)}: ${failure.text}`), ...announced],
    };
  } finally {
    await fleet.end();
  }
}
