import { randomUUID } from "node:crypto";

/** A new name on the channel, as `uuid.uuid4().hex` makes it in Python: 32 hex digits. */
export function newHostId(): string {
  return randomUUID().replaceAll("-", "");
}
