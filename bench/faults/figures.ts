import type { Span } from "../shared/clock.js";
import { type Arrival, longestSilence, ranges, type Tally, tally, upTo } from "./tally.js";
import { type BusName, type Direction, type FaultName, isToPython } from "./names.js";

/** The numbers that one process sent. */
export interface Sent {
  readonly sender: string;
  readonly count: number;
  /** Those that the broker is known to have; undefined where every number must arrive, sooner or later. */
  readonly accepted: readonly number[];
  readonly isOwedAll: boolean;
}

/** What was seen of one direction in one run. */
export interface Evidence {
  readonly direction: Direction;
  readonly sent: readonly Sent[];
  /** Those who send after the fault: what a killed process had sent may still arrive, and is no new traffic. */
  readonly senders: readonly string[];
  /** At the client of the direction, of all senders. */
  readonly arrivals: readonly Arrival[];
  /** At the client of the other TypeScript host, which shows what the broker carried. */
  readonly witness: readonly Arrival[];
  /** Whether the message that was sent last, after all others, arrived in time. */
  readonly isSettled: boolean;
  /** Until then the bus had nothing to carry, or was not there: Python did not publish yet, or Node was starting. */
  readonly excusedUntil?: number | undefined;
  /** How many of Python's messages the broker took while this host could not yet have its subscription back. */
  readonly acceptedUnheard?: number | undefined;
}

/** One row of the table. Times are in milliseconds; undefined is never. */
export interface Figures {
  readonly bus: BusName;
  readonly fault: FaultName;
  readonly direction: Direction;
  /** How long the fault was there. */
  readonly lasted: number;
  readonly sent: number;
  readonly accepted: number;
  readonly received: number;
  readonly lost: number;
  /** Published while the Python host had not yet subscribed again, by its own doing. */
  readonly unheard: number;
  readonly doubled: number;
  /** Of these, those sent well before the fault or after traffic flowed again. */
  readonly doubledInSteadyState: number;
  readonly outOfOrder: number;
  /** From the end of the fault to the first arrival. */
  readonly flowsAfter: number | undefined;
  /** How much of that is not the doing of the bus: Python did not publish yet, or Node was starting. */
  readonly excused: number;
  readonly longestGap: number;
  readonly lossAllowed: number;
  readonly isSettled: boolean;
  /** The numbers that did not arrive, by sender: lost, or not heard. */
  readonly missing: Readonly<Record<string, string>>;
}

/** What was sent in the last second before a fault may be on its way when it strikes. */
const ON_ITS_WAY_MS = 1_000;

/**
 * Of the missing numbers, those at which the Python host was deaf by its own doing: all between the last that it heard
 * before its silence and the first that it heard after, as far as the broker carried them to the other TypeScript host.
 */
function countUnheard(
  { arrivals, witness }: Evidence,
  sender: string,
  missing: readonly number[],
  fault: Span,
): number {
  const silence = longestSilence(arrivals, fault);
  if (silence === undefined) {
    return 0;
  }
  const own = arrivals.filter((arrival) => arrival.sender === sender);
  const before = own.filter(({ at }) => at <= silence.from).map(({ number }) => number);
  const last = Math.max(0, ...before);
  // A message that is sent again after the outage may be an earlier one.
  const after = own.filter(({ at, number }) => at >= silence.to && number > last).map(({ number }) => number);
  const first = Math.min(Number.POSITIVE_INFINITY, ...after);
  const carried = new Set(witness.filter((arrival) => arrival.sender === sender).map(({ number }) => number));
  return missing.filter((number) => number > last && number < first && carried.has(number)).length;
}

interface SenderTally extends Tally {
  readonly sender: string;
  readonly count: number;
  readonly unheard: number;
}

function tallies(evidence: Evidence, faultName: FaultName, fault: Span): readonly SenderTally[] {
  const { direction, sent, arrivals } = evidence;
  const mayBeDeaf = faultName === "restart" && isToPython(direction);
  return sent.map(({ sender, count, accepted, isOwedAll }) => {
    const counted = tally(arrivals, sender, isOwedAll ? upTo(count) : accepted);
    const unheard = mayBeDeaf ? countUnheard(evidence, sender, counted.missing, fault) : 0;
    // A killed process may have got one more out than it knew of.
    return { ...counted, sender, count: Math.max(count, counted.highest), unheard };
  });
}

/** @param fault - from its begin until the broker was reachable again, the loop free, the process started */
export function figuresOf(bus: BusName, faultName: FaultName, fault: Span, evidence: Evidence): Figures {
  const { direction, sent, senders, arrivals, isSettled, excusedUntil, acceptedUnheard = 0 } = evidence;
  const counted = tallies(evidence, faultName, fault);
  const sum = (value: (tally: SenderTally) => number) => counted.reduce((total, each) => total + value(each), 0);
  const flowsAt = arrivals.find(({ sender, at }) => senders.includes(sender) && at >= fault.to)?.at;
  const own = arrivals.filter((arrival) => sent.some(({ sender }) => sender === arrival.sender));
  const gap = longestSilence(own, { from: fault.from, to: Number.POSITIVE_INFINITY });
  const isSteady = ({ sentAt }: Arrival) =>
    sentAt < fault.from - ON_ITS_WAY_MS || (flowsAt !== undefined && sentAt > flowsAt);
  const unheard = sum((each) => each.unheard);
  return {
    bus,
    fault: faultName,
    direction,
    lasted: Math.round(fault.to - fault.from),
    sent: sum(({ count }) => count),
    accepted: sent.reduce((total, { accepted }) => total + accepted.length, 0),
    received: sum(({ received }) => received),
    lost: sum(({ missing }) => missing.length) - unheard,
    unheard,
    doubled: sum(({ doubles }) => doubles.length),
    doubledInSteadyState: sum(({ doubles }) => doubles.filter(isSteady).length),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    flowsAfter: flowsAt === undefined ? undefined : Math.round(flowsAt - fault.to),
    excused: Math.round(Math.max(0, (excusedUntil ?? fault.to) - fault.to)),
    longestGap: gap === undefined ? 0 : Math.round(gap.to - gap.from),
    lossAllowed: acceptedUnheard,
    isSettled,
    missing: Object.fromEntries(
      counted.filter(({ missing }) => missing.length > 0).map(({ sender, missing }) => [sender, ranges(missing)]),
    ),
  };
}
