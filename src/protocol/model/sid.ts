import type { Dialect } from "./dialect.js";

/** A sid as Engine.IO and python-engineio make them: 20 url-safe characters; Engine.IO 3 puts the namespace before. */
const SID = /^(?:\/[^#]*#)?[\w-]{20}$/;

/** As python-engineio before 4.0 makes them, below python-socketio 4: a random UUID. */
const OLD_SID = /^[\da-f]{12}4[\da-f]{3}[89ab][\da-f]{15}$/;

/** Whether a name looks like a sid of such a fleet. */
export type LooksLikeSid = (name: unknown) => boolean;

export function sidMatcher(dialect: Dialect): LooksLikeSid {
  const patterns = dialect === "5.2" ? [SID, OLD_SID] : [SID];
  return (name) => typeof name === "string" && patterns.some((pattern) => pattern.test(name));
}
