import { readFileSync } from "node:fs";
import type { EdgeOptions } from "../edge/options.js";
import { BridgeError } from "../errors.js";
import type { Flags, ParsedFlags } from "./flags.js";

/** What is needed to call the workers of Python, besides `--backend`. */
export const WORKER_FLAGS: Flags = {
  "secret-file": { type: "string", value: "FILE", help: "holds the secret that the workers share" },
  "backend-ca": { type: "string", value: "FILE", help: "authority of the certificates of https backends, PEM" },
};

/**
 * @param variable - `SOCKETIO_BRIDGE_SECRET`
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function workersOf(
  flags: ParsedFlags,
  variable: string | undefined,
): Pick<EdgeOptions, "backend" | "secret" | "ca"> {
  const ca = flags.string("backend-ca");
  const secret = secretOf(flags, variable, "--backend");
  return { backend: flags.strings("backend"), secret, ...(ca === undefined ? {} : { ca: readFile("backend-ca", ca) }) };
}

/**
 * @param variable - `SOCKETIO_BRIDGE_SECRET`
 * @param flag - what needs the secret
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function secretOf(flags: ParsedFlags, variable: string | undefined, flag: string): string {
  const file = flags.string("secret-file");
  // While one replaces another there are several, of which the workers accept each.
  const [secret] = (file === undefined ? (variable ?? "") : readFile("secret-file", file)).trim().split(/\s/);
  if (!secret) {
    throw new BridgeError(
      "BRIDGE_INVALID_OPTION",
      `${flag} needs the secret of the workers: set SOCKETIO_BRIDGE_SECRET, or use --secret-file`,
    );
  }
  return secret;
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function readFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--${flag} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
