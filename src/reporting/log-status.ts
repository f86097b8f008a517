import type { BusStatus } from "../bus/bus.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";
import { reasonKey } from "../util/reason-key.js";

/** Logs what an operator must know without a listener: failures and losses. */
export function logStatus(log: RateLimitedLog, status: BusStatus): void {
  if (status.type === "error") {
    const { message } = status.error;
    log.line(reasonKey(message), () => `[socketio-python-bridge] ${message}`);
  } else if (status.type === "refused") {
    const channels = status.channels.map((channel) => `"${channel}"`).join(", ");
    log.line(
      "refused",
      () => `[socketio-python-bridge] connected, but receives nothing on ${channels}: the broker refuses it`,
    );
  } else if (status.type === "reconnecting") {
    log.line("reconnecting", () => "[socketio-python-bridge] no connection to the broker; trying again");
  } else if (status.type === "stale") {
    const { channel, silence } = status;
    const seconds = Math.round(silence / 1_000);
    log.line(
      `stale ${channel}`,
      () => `[socketio-python-bridge] received nothing on "${channel}" for ${seconds} s, not even an own message`,
    );
  } else if (status.type === "dropped") {
    const { reason, count } = status;
    log.line(`dropped ${reason}`, () => `[socketio-python-bridge] messages dropped: ${count} (${reason})`);
  } else if (status.type === "backpressure") {
    const { count, bytes } = status;
    const waiting = `${count} messages of ${Math.round(bytes / 1024)} KiB in all`;
    log.line(
      "backpressure",
      () =>
        `[socketio-python-bridge] ${waiting} wait in memory: more is published than the broker and its subscribers take`,
    );
  }
}
