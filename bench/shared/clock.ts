/** Milliseconds of the clock that all processes of a machine share and that never jumps; `time.monotonic()` in Python. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** A stretch of that clock. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
