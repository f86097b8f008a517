import { quote } from "../../util/quote.js";

/** Why a message was rejected; the table in docs/operate.md says what to do about each. */
export type RejectReason =
  /** Larger than `maxMessageSize`. */
  | "too_large"
  /** Starts as a pickle does: the sender runs python-socketio < 5.14. It was not opened: see `legacyPickle`. */
  | "pickle"
  /**
   * A pickle with an opcode that does more than describe data: an attack, or a sender that emits objects. Nothing was
   * built from it; a Python host before 5.14 that received it has run it.
   */
  | "unsafe_pickle"
  /** A pickle of plain data that is truncated, has trailing bytes, contains itself, or has no form in JSON. */
  | "bad_pickle"
  /** Neither JSON nor any other encoding this host reads: truncated, not UTF-8, binary. */
  | "not_json"
  /**
   * Starts as MessagePack, but is truncated, has trailing bytes, or has no form in JSON: an extension type, a key that
   * is bytes or a list.
   */
  | "not_msgpack"
  /** JSON, but not an object. */
  | "not_object"
  /** Nested deeper than Python itself could have written it. */
  | "too_deep"
  /** A key `__proto__`, or a key `constructor` with a `prototype` inside. */
  | "unsafe_name"
  /** A field is missing or of the wrong type. */
  | "wrong_type"
  /** `callback` is not a triple of room, namespace and number. */
  | "bad_callback"
  /** An event that Socket.IO reserves: a client would close its connection on it. */
  | "reserved_event"
  /** An attachment is not base64. */
  | "bad_base64"
  /** A placeholder names an attachment that does not exist. */
  | "bad_placeholder"
  /** No such namespace on this host. */
  | "unknown_namespace"
  /** `enter_room` or `close_room` on a client's own room, which Python refuses as well. */
  | "sid_room"
  /** This server's parser cannot encode it, or a listener of the application threw. */
  | "undeliverable"
  /** A library threw while it decoded a message that had passed all checks: a bug there or in this package. */
  | "undecodable";

/** Why one message is not acted on. */
export interface Rejection {
  readonly reason: RejectReason;
  /** What was wrong, with the operand; one line, at most a few hundred characters. */
  readonly detail: string;
}

/** Thrown inside the decoders; `decode`, `decodeSideChannel` and `decodePayload` return its rejection. */
export class RejectionError extends Error {
  readonly rejection: Rejection;

  constructor(reason: RejectReason, detail: string) {
    super(detail);
    this.rejection = { reason, detail };
  }
}

/** @param thrown - by a decoder, a library that it calls, or Node itself */
export function toRejection(thrown: unknown): Rejection {
  if (thrown instanceof RejectionError) {
    return thrown.rejection;
  }
  return { reason: "undecodable", detail: quote(thrown instanceof Error ? thrown.message : thrown) };
}
