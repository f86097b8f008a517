import { knownSchemes, schemeOf as schemeOfUrl, unknownUrl } from "../src/bus/open.js";
import { BridgeError } from "../src/errors.js";

/** The scheme of a URL that `requireQueue` has accepted. */
export function schemeOf(queue: string): string {
  return schemeOfUrl(queue) ?? "";
}

/** @throws BridgeError `BRIDGE_INVALID_URL` for a broker that no Python host could reach */
export function requireQueue(queue: string): void {
  const scheme = schemeOf(queue);
  if (scheme === "memory") {
    throw new BridgeError("BRIDGE_INVALID_URL", "memory:// lives in one process; Python cannot reach it");
  }
  const schemes = knownSchemes().filter((known) => known !== "memory");
  if (!schemes.includes(scheme)) {
    throw unknownUrl(queue, schemes);
  }
}
