import { printable } from "./util/printable.js";

/** What went wrong, as a constant that programs can compare. Each is documented by its consequence. */
export type BridgeErrorCode =
  /**
   * What was given as the broker is neither a URL of a known scheme nor a bus. Thrown by `createAdapter`, `createEmitter`
   * and functions that make a bus; nothing was opened.
   */
  | "BRIDGE_INVALID_URL"
  /** An option has a value that cannot work, or a bus or adapter is used twice. Thrown where it is given; nothing was opened. */
  | "BRIDGE_INVALID_OPTION"
  /**
   * A package that only this use needs, such as the client library of the broker, is not installed. The message has the
   * command that installs it. Nothing was opened.
   */
  | "BRIDGE_MISSING_PACKAGE"
  /**
   * An argument of an emit, a room operation or a request cannot be sent: a reserved event, a room that is neither a string
   * nor an integer, a value that the encoding or the dialect has no form for, a message larger than `maxMessageSize`, or
   * something else that other Node hosts would reject. Nothing was published. A host does not throw what a client may have
   * sent, but reports it as `dropped`. As an `IncompleteError`: another Node host
   * cannot send its reply, for one of these reasons.
   */
  | "BRIDGE_INVALID_ARGUMENT"
  /**
   * The broker rejected this message or subscription, or cannot be reached for it. That message is lost. Others wait for the
   * next connection, which is attempted until `close()`.
   */
  | "BRIDGE_BROKER_UNAVAILABLE"
  /** The message waited for the broker, and exceeded a bound of `outage`. It is lost. */
  | "BRIDGE_MESSAGE_DROPPED"
  /** Clients or Node hosts have not responded in time. An `IncompleteError` where responses may have come before. */
  | "BRIDGE_TIMEOUT"
  /** As many acknowledged emits, or requests to other hosts, as `maxPendingAcks` allows are waiting. Nothing was published. */
  | "BRIDGE_BUSY"
  /** A worker of Python, or an edge that was asked, did not answer, or not as one does. */
  | "BRIDGE_BACKEND_FAILED"
  /** The adapter, emitter or bus is closed. Nothing was published, or no more responses can come. */
  | "BRIDGE_CLOSED";

/**
 * Every error that this package throws or rejects with.
 *
 * `code` tells the consequence, `message` names the operand, and `cause` is what a library below threw. In the message,
 * control characters and the like are escaped: what others have sent is in it.
 */
export class BridgeError extends Error {
  override readonly name: string = "BridgeError";
  readonly code: BridgeErrorCode;

  constructor(code: BridgeErrorCode, message: string, options?: { cause?: unknown }) {
    super(printable(message), options);
    this.code = code;
  }
}

/** Some responded, others did not: `BRIDGE_TIMEOUT`, `BRIDGE_CLOSED`, or `BRIDGE_INVALID_ARGUMENT` of another host. */
export class IncompleteError extends BridgeError {
  override readonly name = "IncompleteError";
  /** The responses that came, in no particular order: of clients or of Node hosts, one each. */
  readonly responses: readonly unknown[];

  constructor(code: BridgeErrorCode, message: string, responses: readonly unknown[]) {
    super(code, message);
    this.responses = responses;
  }
}
