import type { Span } from "../shared/clock.js";
import { type BusName, type Direction, type FaultName, isToPython } from "./names.js";
import { type Arrival, longestSilence, ranges, type Tally, tally, upTo } from "./tally.js";

/** What one process sent. */
export interface Sent {
  readonly sender: string;
  readonly count: number;
  /** The numbers that the broker is known to have accepted. */
  readonly accepted: readonly number[];
  /** Whether every number must arrive sooner or later, accepted or not. */
  readonly mustAllArrive: boolean;
}

/** What was observed of one direction in one run. */
export interface Evidence {
  readonly direction: Direction;
  readonly sent: readonly Sent[];
  /** The senders after the fault: late messages of a killed process are not new traffic. */
  readonly senders: readonly string[];
  /** Messages of all senders at the client of the direction. */
  readonly arrivals: readonly Arrival[];
  /** Messages at the client of the other TypeScript host: they show what the broker delivered. */
  readonly witness: readonly Arrival[];
  /** Whether the message that was sent last, after all others, arrived in time. */
  readonly isSettled: boolean;
  /** Until then nothing could arrive, whatever the bus did: Python did not publish yet, or Node was starting. */
  readonly externalDelayUntil?: number | undefined;
  /** How many messages of Python the broker accepted before this host could be subscribed again. */
  readonly acceptedBeforeSubscribed?: number | undefined;
}

/** One row of the table. Times are in milliseconds; undefined means never. */
export interface Figures {
  readonly bus: BusName;
  readonly fault: FaultName;
  readonly direction: Direction;
  /** How long the fault lasted. */
  readonly lasted: number;
  readonly sent: number;
  readonly accepted: number;
  readonly received: number;
  readonly lost: number;
  /** Missed by the Python host because it had not resubscribed yet. */
  readonly notListening: number;
  readonly doubled: number;
  /** Of these, those sent well before the fault, or after traffic flowed again. */
  readonly doubledInSteadyState: number;
  readonly outOfOrder: number;
  /** From the end of the fault to the first arrival. */
  readonly flowsAfter: number | undefined;
  /** The part of it that is not due to the bus: Python did not publish yet, or Node was starting. */
  readonly externalDelay: number;
  readonly longestGap: number;
  readonly lossAllowed: number;
  readonly isSettled: boolean;
  /** The numbers that did not arrive, by sender. */
  readonly missing: Readonly<Record<string, string>>;
}

/** Messages of the last second before a fault may be in flight when it occurs. */
export const IN_FLIGHT_MS = 1_000;

/**
 * Of the missing numbers, those that the Python host missed while it was not subscribed: all between the last one before
 * its silence and the first one after it, provided that the broker delivered them to the other TypeScript host.
 */
function countNotListening(
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
  // A message that was sent again after the outage may be an earlier one.
  const after = own.filter(({ at, number }) => at >= silence.to && number > last).map(({ number }) => number);
  const first = Math.min(Number.POSITIVE_INFINITY, ...after);
  const delivered = new Set(witness.filter((arrival) => arrival.sender === sender).map(({ number }) => number));
  return missing.filter((number) => number > last && number < first && delivered.has(number)).length;
}

interface SenderTally extends Tally {
  readonly sender: string;
  readonly count: number;
  readonly notListening: number;
}

function tallies(evidence: Evidence, faultName: FaultName, fault: Span): readonly SenderTally[] {
  const { direction, sent, arrivals } = evidence;
  const mayMissMessages = (faultName === "restart" || faultName === "failover") && isToPython(direction);
  return sent.map(({ sender, count, accepted, mustAllArrive }) => {
    const counted = tally(arrivals, sender, mustAllArrive ? upTo(count) : accepted);
    const notListening = mayMissMessages ? countNotListening(evidence, sender, counted.missing, fault) : 0;
    // A killed process may have sent one more than it reported.
    return { ...counted, sender, count: Math.max(count, counted.highest), notListening };
  });
}

/** @param fault - from its start until the broker was reachable again, the loop free, or the process started */
export function figuresOf(bus: BusName, faultName: FaultName, fault: Span, evidence: Evidence): Figures {
  const { direction, sent, senders, arrivals, isSettled, externalDelayUntil = fault.to } = evidence;
  const counted = tallies(evidence, faultName, fault);
  const sum = (value: (tally: SenderTally) => number) => counted.reduce((total, each) => total + value(each), 0);
  const flowsAt = arrivals.find(({ sender, at }) => senders.includes(sender) && at >= fault.to)?.at;
  const own = arrivals.filter((arrival) => sent.some(({ sender }) => sender === arrival.sender));
  const gap = longestSilence(own, { from: fault.from, to: Number.POSITIVE_INFINITY });
  const isSteady = ({ sentAt }: Arrival) =>
    sentAt < fault.from - IN_FLIGHT_MS || (flowsAt !== undefined && sentAt > flowsAt);
  const notListening = sum((each) => each.notListening);
  return {
    bus,
    fault: faultName,
    direction,
    lasted: Math.round(fault.to - fault.from),
    sent: sum(({ count }) => count),
    accepted: sent.reduce((total, { accepted }) => total + accepted.length, 0),
    received: sum(({ received }) => received),
    lost: sum(({ missing }) => missing.length) - notListening,
    notListening,
    doubled: sum(({ doubles }) => doubles.length),
    doubledInSteadyState: sum(({ doubles }) => doubles.filter(isSteady).length),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    flowsAfter: flowsAt === undefined ? undefined : Math.round(flowsAt - fault.to),
    externalDelay: Math.round(Math.max(0, externalDelayUntil - fault.to)),
    longestGap: gap === undefined ? 0 : Math.round(gap.to - gap.from),
    lossAllowed: evidence.acceptedBeforeSubscribed ?? 0,
    isSettled,
    missing: Object.fromEntries(
      counted.filter(({ missing }) => missing.length > 0).map(({ sender, missing }) => [sender, ranges(missing)]),
    ),
  };
}
