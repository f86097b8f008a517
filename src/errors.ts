/** What went wrong, as a word that programs can switch on. Each is documented by its consequence. */
export type BridgeErrorCode =
  /** The first argument of `createAdapter` / `createEmitter` is no URL of a known scheme. Nothing was opened. */
  | "BRIDGE_INVALID_URL"
  /** An option has a value that cannot work. Nothing was opened. */
  | "BRIDGE_INVALID_OPTION"
  /** A package that this needs, the client library of the broker say, is not installed; the message says which. */
  | "BRIDGE_MISSING_PACKAGE"
  /** An argument of an emit or a room command cannot be said on the channel. Nothing was published. */
  | "BRIDGE_INVALID_ARGUMENT"
  /** The broker refused this, or could not be reached. What it refused is lost; the rest waits for a reconnect. */
  | "BRIDGE_BROKER_UNAVAILABLE"
  /** The outage buffer was full, or the message waited longer than it may. That message is lost. */
  | "BRIDGE_MESSAGE_DROPPED"
  /** Other hosts, or clients, have not answered in time. What had come until then may be in the error. */
  | "BRIDGE_TIMEOUT"
  /** As many requests as may wait for answers do so already (`maxPendingAcks`). Nothing was published. */
  | "BRIDGE_BUSY"
  /** The adapter, emitter or bus was closed. Nothing more is published or received. */
  | "BRIDGE_CLOSED";

/**
 * Every error this package throws or rejects with.
 *
 * `code` says which consequence it has, `message` names the operand, `cause` keeps what the library below threw.
 */
export class BridgeError extends Error {
  override readonly name = "BridgeError";
  readonly code: BridgeErrorCode;

  constructor(code: BridgeErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** An error that came when some had answered, and not all: `BRIDGE_TIMEOUT`, `BRIDGE_CLOSED`. */
export class IncompleteError extends BridgeError {
  /** What had come until then. */
  readonly responses: readonly unknown[];

  constructor(code: BridgeErrorCode, message: string, responses: readonly unknown[]) {
    super(code, message);
    this.responses = responses;
  }
}
