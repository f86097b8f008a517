import { BridgeError } from "../../errors.js";
import { UnreadableValue } from "../values/unreadable-value.js";
import { RejectionError } from "./rejection.js";

/**
 * Clients can send it to a host, but no host can send it on: readers would reject it. Whatever else is
 * `BRIDGE_INVALID_ARGUMENT` can only come from the application itself.
 */
export class UnreadableError extends BridgeError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("BRIDGE_INVALID_ARGUMENT", message, options);
  }
}

/** @param cause - what an encoder threw @param describe - makes the message of the reason */
export function encodingFailed(cause: unknown, describe: (reason: string) => string): BridgeError {
  const message = describe(cause instanceof Error ? cause.message : String(cause));
  return cause instanceof UnreadableValue || cause instanceof RejectionError
    ? new UnreadableError(message, { cause })
    : new BridgeError("BRIDGE_INVALID_ARGUMENT", message, { cause });
}
