import { BridgeError } from "../../errors.js";

/**
 * @internal An error that says what failed and why. The errors of client libraries hold more than may be shown: a command
 * with the password of a login, or the payload of a publish. So the cause is a copy with nothing but its name and reason.
 *
 * @param reason - where the library's own message is not fit to be read
 */
export function brokerError(what: string, cause: Error, reason = reasonOf(cause)): BridgeError {
  const copy = new Error(reason);
  copy.name = cause.name;
  return new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `${what}: ${reason}`, { cause: copy });
}

function reasonOf(cause: Error): string {
  // When several addresses fail, Node wraps them in an error without a message.
  const reasons = cause instanceof AggregateError ? cause.errors.map((error) => (error as Error).message) : [];
  return cause.message || reasons.join("; ") || "the connection failed";
}
