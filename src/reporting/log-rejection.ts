import type { Rejection, RejectReason } from "../protocol/model/rejection.js";
import type { RateLimitedLog } from "../util/rate-limited-log.js";

/** What an operator can do about it, where there is something. */
export const ADVICE: Partial<Record<RejectReason, string>> = {
  pickle:
    "The sender runs python-socketio older than 5.14, which sends pickles. Upgrade it to 5.14 or later " +
    '(5.15.1 or later is best). Until then, the option legacyPickle: "data-only" reads the data in them and executes ' +
    "nothing. That takes no risk away from the Python hosts before 5.14, which execute any pickle.",
  unsafe_pickle:
    "None of it was executed here. Either a sender emits objects instead of values that JSON has; or this is an attack, " +
    "and every host with python-socketio older than 5.14 on this channel has executed it: find out who can write to the " +
    "broker.",
  too_large: "Send a reference instead of the data, or raise maxMessageSize here and the limits of the broker.",
  reserved_event: "Give the event another name: clients close their connection when they receive this one.",
  undecodable:
    "The message passed all checks, and then a library failed on it: look for a release that changed, and report it.",
  unknown_namespace: "Open it here with io.of(name), or leave its clients to the hosts that have it.",
};

/** Logs each reason at most once a minute. */
export function logRejection(
  log: RateLimitedLog,
  channel: string,
  { reason, detail }: Rejection,
  hostId: string | undefined,
): void {
  log.line(`rejected ${reason}`, () => {
    const sender = hostId ?? "an unknown host";
    const line = `[socketio-python-bridge] rejected a message on "${channel}" from ${sender}: ${reason}: ${detail}`;
    const advice = ADVICE[reason];
    return advice === undefined ? line : `${line}. ${advice}`;
  });
}
