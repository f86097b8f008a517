import type { SettledRun } from "../fleet/member.js";
import { NUMBERS_OF_A_LIFE } from "../fleet/operations.js";
import { isNode } from "../fleet/roster.js";
import type { Span } from "../shared/clock.js";
import type { Emitted, Evidence, SenderEvidence } from "./evidence.js";

/** How much later than an outage a message may be given up because of it, in milliseconds: it may be held back meanwhile. */
const AFTERMATH_MS = 3_000;

/** A host adds drops up for a second before it tells them. One that is killed meanwhile, or busy, does not, in milliseconds. */
const UNTOLD_MS = 3_000;

/** Bounds of the outage buffer. Other reasons are the broker's, or the caller's. */
const BOUNDS: readonly (string | undefined)[] = ["count", "bytes", "age"];

export const lifeOf = (number: number): number => Math.floor((number - 1) / NUMBERS_OF_A_LIFE);

const overlaps = (span: Span, from: number, to: number): boolean => span.from <= to && span.to >= from;

/** Statuses of one bus, from the first sign of an outage until it is ready. */
function outagesOf({ statuses, deaths }: SenderEvidence): readonly Span[] {
  const outages: Span[] = [];
  let open: { readonly from: number; readonly life: number } | undefined;
  const close = (to: number): void => {
    if (open !== undefined) {
      outages.push({ from: open.from, to });
    }
    open = undefined;
  };
  for (const { type, at, life } of statuses) {
    if (open !== undefined && open.life !== life) {
      close(deaths[open.life]?.at ?? at);
    }
    if (type === "ready") {
      close(at);
    } else if (type === "reconnecting" || type === "stale") {
      open ??= { from: at, life };
    }
  }
  close(Number.POSITIVE_INFINITY);
  return outages;
}

/** What is known of the messages of one sender. */
export class SenderRecord {
  readonly evidence: SenderEvidence;
  readonly name: string;
  readonly #fates = new Map<number, SettledRun>();
  readonly #outages: readonly Span[];
  /** By life, the highest number that a client of another host has: those before it were published too, or given up. */
  readonly #proven = new Map<number, number>();

  constructor(evidence: SenderEvidence, { receivers }: Evidence) {
    this.evidence = evidence;
    this.name = evidence.plan.name;
    this.#outages = outagesOf(evidence);
    for (const run of evidence.settled) {
      for (let number = run.first; number <= run.last; number += 1) {
        this.#fates.set(number, run);
      }
    }
    for (const { plan, arrivals } of receivers) {
      for (const number of plan.name === this.name ? [] : (arrivals.get(this.name)?.numbers ?? [])) {
        this.#proven.set(lifeOf(number), Math.max(number, this.#proven.get(lifeOf(number)) ?? 0));
      }
    }
  }

  fateOf(number: number): SettledRun | undefined {
    return this.#fates.get(number);
  }

  /** When the loop that emitted it began. */
  sentAt(number: number): number {
    return this.evidence.emitted.findLast(({ first }) => first <= number)?.at ?? Number.NEGATIVE_INFINITY;
  }

  /** Whether the process may have been killed before it could publish it. */
  mayHaveDiedWith(number: number): boolean {
    const life = lifeOf(number);
    const isDead = this.evidence.deaths[life] !== undefined;
    return isDead && !this.#fates.has(number) && number > (this.#proven.get(life) ?? 0);
  }

  /** Whether it may have been sent twice: the connection was lost before its confirmation came, or a manager retried. */
  mayHaveSentAgain(number: number, from: number, to: number): boolean {
    if (!isNode(this.evidence.plan)) {
      const isRetried = this.#fates.get(number)?.fate === "retried";
      return isRetried || this.evidence.closings.some((at) => at >= from && at <= to);
    }
    return this.#outages.some((outage) => overlaps(outage, from, to));
  }

  /** Numbers whose loss only the sum in `dropped` statuses can announce, and by how many the sums are too small. */
  unannouncedDrops(isMissing: (number: number) => boolean): readonly string[] {
    if (this.evidence.plan.kind !== "node-host") {
      return [];
    }
    const problems: string[] = [];
    const lives = new Set(this.evidence.settled.map(({ first }) => lifeOf(first)));
    for (const life of lives) {
      const announced = this.evidence.statuses
        .filter(({ type, life: of }) => type === "dropped" && of === life)
        .reduce((sum, { count = 0 }) => sum + count, 0);
      const lastTold = (this.evidence.deaths[life]?.at ?? Number.POSITIVE_INFINITY) - UNTOLD_MS;
      const isTold = (_number: number, { at }: SettledRun) => at < lastTold;
      const dropped = this.#count("dropped", life, isTold);
      const unpublished = this.#count("unpublished", life, (number, run) => isMissing(number) && isTold(number, run));
      if (dropped + unpublished > announced) {
        problems.push(`${this.name}: ${dropped + unpublished} given up, statuses announce ${announced}`);
      }
    }
    return problems;
  }

  /** How many were dropped by the bounds of the outage buffer while there was no outage, and when the first was. */
  needlessDrops(): { readonly count: number; readonly at: number } | undefined {
    const drops = this.evidence.statuses
      .filter(({ type, reason }) => type === "dropped" && BOUNDS.includes(reason))
      .filter(({ at }) => !this.#outages.some((outage) => overlaps(outage, at - AFTERMATH_MS, at)));
    const [first] = drops;
    return first && { count: drops.reduce((sum, { count = 0 }) => sum + count, 0), at: first.at };
  }

  #count(fate: string, life: number, isCounted: (number: number, run: SettledRun) => boolean): number {
    let count = 0;
    for (const [number, run] of this.#fates) {
      count += run.fate === fate && lifeOf(number) === life && isCounted(number, run) ? 1 : 0;
    }
    return count;
  }
}

/** The numbers of a sender that a receiver should have, with when they were sent. */
export function* expected(
  { emitted }: SenderEvidence,
  receiver: string,
): Generator<{ readonly number: number; readonly run: Emitted }> {
  for (const run of emitted) {
    if (run.receivers.includes(receiver)) {
      for (let number = run.first; number < run.first + run.count; number += 1) {
        yield { number, run };
      }
    }
  }
}
