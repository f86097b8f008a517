import type { Dialect } from "./dialect.js";

const SID_LENGTH = 20;
const SID = /^[\w-]{20}$/;

/** python-engineio before 4.0, which python-socketio 4 uses: a random UUID in hex. */
const UUID_SID = /^[\da-f]{12}4[\da-f]{3}[89ab][\da-f]{15}$/;

/** Engine.IO and python-engineio: 20 url-safe characters; Engine.IO 3 puts the namespace and `#` in front. */
function isSid(name: string): boolean {
  const start = name.length - SID_LENGTH;
  return SID.test(name.slice(-SID_LENGTH)) && (start === 0 || (name[0] === "/" && name.indexOf("#") === start - 1));
}

/** Whether a room name looks like a sid of a host in the fleet. */
export type LooksLikeSid = (name: unknown) => boolean;

/** @param dialect - "5.2" has hosts whose sids are UUIDs */
export function sidMatcher(dialect: Dialect): LooksLikeSid {
  const hasUuids = dialect === "5.2";
  return (name) => typeof name === "string" && (isSid(name) || (hasUuids && UUID_SID.test(name)));
}
