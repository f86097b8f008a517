import type { Dialect } from "./dialect.js";

/** Engine.IO and python-engineio: 20 url-safe characters; Engine.IO 3 puts the namespace in front. */
const SID = /^(?:\/[^#]*#)?[\w-]{20}$/;

/** python-engineio before 4.0, which python-socketio 4 uses: a random UUID in hex. */
const UUID_SID = /^[\da-f]{12}4[\da-f]{3}[89ab][\da-f]{15}$/;

/** Whether a room name looks like a sid of a host in the fleet. */
export type LooksLikeSid = (name: unknown) => boolean;

/** @param dialect - "5.2" has hosts whose sids are UUIDs */
export function sidMatcher(dialect: Dialect): LooksLikeSid {
  const patterns = dialect === "5.2" ? [SID, UUID_SID] : [SID];
  return (name) => typeof name === "string" && patterns.some((pattern) => pattern.test(name));
}
