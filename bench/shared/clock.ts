/** Monotonic milliseconds that all processes of this machine share; `time.monotonic()` in Python. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** A period on that clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
