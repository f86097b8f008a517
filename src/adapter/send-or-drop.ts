import { UnreadableError } from "../protocol/model/unreadable-error.js";
import type { Reporter } from "./reporting/reporter.js";

/**
 * Sends what may have come from a client. A client must not be able to make the relaying code throw.
 *
 * @param send - encodes before it does anything else
 * @throws BridgeError what else `send` throws: only the application itself can be its cause
 */
export function sendOrDrop(send: () => void, reporter: Reporter): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof UnreadableError)) {
      throw error;
    }
    reporter.dropUnreadable(error);
  }
}
