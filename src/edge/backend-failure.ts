import { BridgeError } from "../errors.js";

interface FailureOptions {
  readonly mayHaveRun: boolean;
  readonly isAway: boolean;
  readonly isStale?: boolean;
  readonly hasEnded?: boolean;
  readonly cause?: unknown;
}

/** A call that failed. */
export class BackendFailure extends BridgeError {
  /** Whether a worker may have begun with it: it must not be repeated then. */
  readonly mayHaveRun: boolean;
  /** Whether the whole backend is to be left alone for a while. */
  readonly isAway: boolean;
  /** Whether the backend has ended a connection that was idle, as it may at any time. */
  readonly isStale: boolean;
  /** Whether the backend has ended the connection in order, so that all it had answered before has arrived. */
  readonly hasEnded: boolean;

  constructor(message: string, { mayHaveRun, isAway, isStale = false, hasEnded = false, cause }: FailureOptions) {
    super("BRIDGE_BACKEND_FAILED", message, { cause });
    this.mayHaveRun = mayHaveRun;
    this.isAway = isAway;
    this.isStale = isStale;
    this.hasEnded = hasEnded;
  }
}
