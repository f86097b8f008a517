/** How long drops are added up after a report, in milliseconds. */
const INTERVAL_MS = 1_000;

interface Sum {
  count: number;
  bytes: number;
}

export type ReportDrops<Reason> = (reason: Reason, count: number, bytes: number) => void;

/**
 * Adds drops up, because a full buffer drops one message for each that comes: the first is reported with all
 * others that are dropped without a pause, and from then on there is one report a second for each reason.
 */
export class DropTally<Reason extends string> {
  readonly #report: ReportDrops<Reason>;
  readonly #sums = new Map<Reason, Sum>();
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(report: ReportDrops<Reason>) {
    this.#report = report;
  }

  add(reason: Reason, count: number, bytes: number): void {
    const sum = this.#sums.get(reason) ?? { count: 0, bytes: 0 };
    this.#sums.set(reason, { count: sum.count + count, bytes: sum.bytes + bytes });
    const wait = this.#reportedAt + INTERVAL_MS - performance.now();
    if (wait > 0) {
      this.#timer ??= setTimeout(() => this.flush(), wait);
    } else if (!this.#isDue) {
      this.#isDue = true;
      queueMicrotask(() => this.flush());
    }
  }

  /** Reports what has not been. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
    const sums = [...this.#sums];
    this.#sums.clear();
    if (sums.length > 0) {
      this.#reportedAt = performance.now();
    }
    for (const [reason, { count, bytes }] of sums) {
      this.#report(reason, count, bytes);
    }
  }
}
