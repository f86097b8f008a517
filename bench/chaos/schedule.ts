import type { BusName } from "../faults/names.js";
import { isHost, isNode, type MemberPlan, ROOMS, type Room, rosterOf } from "../fleet/roster.js";
import { type Random, randomOf } from "./random.js";

/** To whom a message goes: everyone, a room, or the sid of a host's client. */
export type Target = { readonly to: "all" } | { readonly room: Room } | { readonly clientOf: string };

interface Emits {
  readonly sender: string;
  readonly target: Target;
  /** Of the payload of each message. */
  readonly bytes: number;
  readonly count: number;
  /** Milliseconds for which the process computes before the first of them, in the same turn of the event loop. */
  readonly busy: number;
}

/** Something happens to a process or its connections, for `time` milliseconds. */
export type FaultKind =
  /** The process computes and does nothing else. */
  | "block"
  /** SIGSTOP, and SIGCONT later. */
  | "stop"
  /** What the broker sends passes at a limited rate. */
  | "throttle"
  /** Its connections are closed, and new ones refused. */
  | "cut"
  /** SIGKILL, and a new process later. */
  | "kill";

interface Fault {
  readonly fault: FaultKind;
  readonly member: string;
  readonly time: number;
  /** Of `throttle`. */
  readonly bytesPerSecond?: number;
}

/** The broker is killed, and started later. */
interface Restart {
  readonly away: number;
}

/** `at` is in milliseconds from the start of the run. */
export type Action = { readonly at: number } & (
  | ({ readonly kind: "emits" } & Emits)
  | ({ readonly kind: "fault" } & Fault)
  | ({ readonly kind: "restart" } & Restart)
);

export interface Schedule {
  readonly members: readonly MemberPlan[];
  /** In the order of `at`. */
  readonly actions: readonly Action[];
}

export interface ScheduleOptions {
  readonly bus: BusName;
  readonly seed: number;
  /** Milliseconds. */
  readonly length: number;
  /** Mean number of emits a second, each of them one message or a burst. */
  readonly rate: number;
}

/** Mean times between two, in milliseconds. */
const FAULTS_EVERY = 9_000;
const RESTARTS_EVERY = 90_000;

/** Traffic alone, at both ends of a run. */
const QUIET_MS = 4_000;

/** A message that is larger than the others, now and then. */
const LARGE = { chance: 0.01, least: 2 * 2 ** 20, most: 8 * 2 ** 20 };
const USUAL = { least: 10, most: 2 * 2 ** 20 };

/** Bursts of small messages. A Python manager publishes one after the other, and waits for the broker each time. */
const BURST = { chance: 0.01, most: 20_000, mostOfPython: 300, bytes: { least: 10, most: 300 }, busyChance: 0.3 };

const PAUSE = { least: 200, most: 5_000 };

function targetOf(random: Random, members: readonly MemberPlan[]): Target {
  const kind = random.whole(1, 10);
  if (kind <= 6) {
    return { to: "all" };
  }
  return kind <= 8 ? { room: random.one(ROOMS) } : { clientOf: random.one(members.filter(isHost)).name };
}

function emitsOf(random: Random, members: readonly MemberPlan[]): Emits {
  const sender = random.one(members);
  const common = { sender: sender.name, target: targetOf(random, members) };
  if (random.chance(BURST.chance)) {
    const { bytes, most, mostOfPython, busyChance } = BURST;
    const isBusy = isNode(sender) && random.chance(busyChance);
    return {
      ...common,
      count: random.logUniform(2, isNode(sender) ? most : mostOfPython),
      bytes: random.logUniform(bytes.least, bytes.most),
      busy: isBusy ? random.logUniform(PAUSE.least, PAUSE.most) : 0,
    };
  }
  const { least, most } = random.chance(LARGE.chance) ? LARGE : USUAL;
  return { ...common, count: 1, bytes: random.logUniform(least, most), busy: 0 };
}

function faultOf(random: Random, member: MemberPlan): Fault {
  const kinds: readonly FaultKind[] = [
    "stop",
    "cut",
    ...(isNode(member) ? (["block"] as const) : []),
    ...(isHost(member) ? (["throttle", "throttle", "kill"] as const) : []),
  ];
  const fault = random.one(kinds);
  const common = { fault, member: member.name };
  switch (fault) {
    case "block":
    case "stop":
      return { ...common, time: random.logUniform(PAUSE.least, PAUSE.most) };
    case "throttle":
      return { ...common, time: random.whole(3_000, 15_000), bytesPerSecond: random.logUniform(200_000, 5_000_000) };
    case "cut":
      // Often too short for anybody but the host itself to notice.
      return { ...common, time: random.logUniform(10, 8_000) };
    case "kill":
      return { ...common, time: random.logUniform(10, 5_000) };
    default:
      return fault satisfies never;
  }
}

/** Times with exponential gaps, between the quiet ends of the run. */
function* times(random: Random, mean: number, length: number): Generator<number> {
  for (let at = QUIET_MS + random.exponential(mean); at < length - QUIET_MS; at += random.exponential(mean)) {
    yield Math.round(at);
  }
}

/** One fault at a time for each process, so that none is ended by another. */
function faultsOf(random: Random, members: readonly MemberPlan[], length: number): readonly Action[] {
  const busyUntil = new Map<string, number>();
  const actions: Action[] = [];
  for (const at of times(random, FAULTS_EVERY, length)) {
    const idle = members.filter(({ name }) => (busyUntil.get(name) ?? 0) < at);
    if (idle.length > 0) {
      const fault = faultOf(random, random.one(idle));
      busyUntil.set(fault.member, at + fault.time);
      actions.push({ at, kind: "fault", ...fault });
    }
  }
  return actions;
}

/** Everything that happens in a run. The same options always give the same schedule. */
export function scheduleOf({ bus, seed, length, rate }: ScheduleOptions): Schedule {
  const random = randomOf(seed);
  const members = rosterOf(bus, random.whole(2, 4));
  const restarts = [...times(random, RESTARTS_EVERY, length)];
  const actions: Action[] = [
    ...faultsOf(random, members, length),
    ...restarts.map((at): Action => ({ at, kind: "restart", away: random.logUniform(10, 8_000) })),
    ...[...times(random, 1_000 / rate, length)].map(
      (at): Action => ({ at, kind: "emits", ...emitsOf(random, members) }),
    ),
  ];
  return { members, actions: actions.sort((one, other) => one.at - other.at) };
}
