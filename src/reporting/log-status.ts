import type { BusStatus } from "../bus/bus.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";
import { reasonKey } from "../util/reason-key.js";

interface Line {
  readonly key: string;
  readonly text: string;
  /** Whether it says that there is no connection, or may be none; the status `ready` is the end of that. */
  readonly isLoss: boolean;
}

function lineOf(status: BusStatus): Line | undefined {
  switch (status.type) {
    case "error": {
      const { message } = status.error;
      return { key: reasonKey(message), text: message, isLoss: true };
    }
    case "refused": {
      const channels = status.channels.map((channel) => `"${channel}"`).join(", ");
      return {
        key: "refused",
        text: `connected, but receives nothing on ${channels}: the broker refuses it`,
        isLoss: true,
      };
    }
    case "reconnecting":
      return { key: "reconnecting", text: "no connection to the broker; trying again", isLoss: true };
    case "stale": {
      const { channel, silence } = status;
      const seconds = Math.round(silence / 1_000);
      return {
        key: `stale ${channel}`,
        text: `received nothing on "${channel}" for ${seconds} s, not even an own message`,
        isLoss: true,
      };
    }
    case "dropped": {
      const { reason, count } = status;
      return { key: `dropped ${reason}`, text: `messages dropped: ${count} (${reason})`, isLoss: false };
    }
    case "backpressure": {
      const { count, bytes } = status;
      const waiting = `${count} messages of ${Math.round(bytes / 1024)} KiB in all`;
      return {
        key: "backpressure",
        text: `${waiting} wait in memory: more is published than the broker and its subscribers take`,
        isLoss: false,
      };
    }
    default:
      return undefined;
  }
}

/**
 * Logs what an operator must know without a listener: failures and losses.
 *
 * @returns whether the log says from now on that there may be no connection
 */
export function logStatus(log: RateLimitedLog, status: BusStatus): boolean {
  const line = lineOf(status);
  return line !== undefined && log.line(line.key, () => `[socketio-python-bridge] ${line.text}`) && line.isLoss;
}
