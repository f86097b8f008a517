import type { Figures } from "./figures.js";
import { type FaultName, isToPython } from "./names.js";

/** Traffic flows again within this, in milliseconds. */
const RECOVERY_MS = 2_000;

/** Only heartbeats detect a path that drops packets silently. */
const BLACK_HOLE_HEARTBEATS = 2;

function recoveryLimit(fault: FaultName, heartbeat: number): number {
  return fault === "black-hole" ? BLACK_HOLE_HEARTBEATS * heartbeat : RECOVERY_MS;
}

/**
 * How many of Python's messages may be lost; undefined where the broker keeps nothing for a disconnected host, so that
 * there is no requirement.
 */
function lossLimit({ bus, fault, direction, lossAllowed }: Figures): number | undefined {
  if (direction !== "python → node") {
    return 0;
  }
  if (bus !== "rabbitmq" || fault === "killed") {
    return undefined;
  }
  return fault === "restart" || fault === "failover" ? lossAllowed : 0;
}

function recoveryFailure(figures: Figures, heartbeat: number): string | undefined {
  const { fault, direction, flowsAfter, externalDelay } = figures;
  if (flowsAfter === undefined) {
    return "no traffic any more";
  }
  // After these the Python host resubscribes in its own time.
  if ((fault === "restart" || fault === "failover") && isToPython(direction)) {
    return undefined;
  }
  const limit = recoveryLimit(fault, heartbeat);
  return flowsAfter - externalDelay > limit ? `more than ${limit / 1_000} s until traffic flowed` : undefined;
}

/**
 * The requirements that were not met, in words; empty if all were.
 *
 * @param heartbeat - the interval of the hosts, in milliseconds
 */
export function failures(figures: Figures, heartbeat: number): readonly string[] {
  const { direction, lost, outOfOrder, doubledInSteadyState, isSettled } = figures;
  const limit = lossLimit(figures);
  return [
    limit !== undefined && lost > limit && `${lost} lost${limit > 0 ? `, at most ${limit} allowed` : ""}`,
    direction !== "python → node" && outOfOrder > 0 && `${outOfOrder} out of order`,
    doubledInSteadyState > 0 && `${doubledInSteadyState} doubled in steady state`,
    recoveryFailure(figures, heartbeat),
    !isSettled && "the last message did not arrive in time",
  ].filter((failure) => typeof failure === "string");
}

/** The run to show of several: one that failed, else the one that lost most, else the slowest. */
export function worst(runs: readonly [Figures, ...Figures[]], heartbeat: number): Figures {
  const badness = (figures: Figures): readonly number[] => [
    failures(figures, heartbeat).length,
    figures.lost,
    figures.notListening,
    figures.outOfOrder,
    figures.doubled,
    figures.flowsAfter ?? Number.POSITIVE_INFINITY,
  ];
  const isWorse = (one: readonly number[], other: readonly number[]): boolean => {
    const index = one.findIndex((value, at) => value !== other[at]);
    return index >= 0 && (one[index] as number) > (other[index] as number);
  };
  return runs.reduce((found, figures) => (isWorse(badness(figures), badness(found)) ? figures : found));
}
