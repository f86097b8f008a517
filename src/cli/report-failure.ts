import { BridgeError, type BridgeErrorCode } from "../errors.js";
import { printable } from "../util/printable.js";

const USAGE_ERRORS: readonly BridgeErrorCode[] = [
  "BRIDGE_INVALID_OPTION",
  "BRIDGE_INVALID_URL",
  "BRIDGE_INVALID_ARGUMENT",
];

/** Prints one line. The exit code will be 2 when the command line is wrong, 1 when the command fails. */
export function reportFailure(error: unknown): void {
  const isUsage = error instanceof BridgeError && USAGE_ERRORS.includes(error.code);
  process.exitCode = isUsage ? 2 : 1;
  const hint = isUsage ? "; --help shows what there is" : "";
  process.stderr.write(`socketio-python-bridge: ${printable((error as Error).message)}${hint}\n`);
}
