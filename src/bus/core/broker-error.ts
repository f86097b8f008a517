import { BridgeError } from "../../errors.js";

/**
 * Says what failed and why. Client libraries keep more in their errors than may be told: a command with the password of
 * a login or the payload of a publish in it. So the cause is a copy that has its name and its reason alone.
 *
 * @param reason - where the library's own words are not fit to be read
 */
export function brokerError(what: string, cause: Error, reason = reasonOf(cause)): BridgeError {
  const copy = new Error(reason);
  copy.name = cause.name;
  return new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `${what}: ${reason}`, { cause: copy });
}

function reasonOf(cause: Error): string {
  // When several addresses fail, Node throws them together in an error without a message.
  const reasons = cause instanceof AggregateError ? cause.errors.map((error) => (error as Error).message) : [];
  return cause.message || reasons.join("; ") || "the connection failed";
}
