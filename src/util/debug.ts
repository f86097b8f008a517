import createDebug from "debug";

/**
 * Writes to stderr when `DEBUG` names it, as everything in Socket.IO does: `DEBUG=socketio-python-bridge:*`.
 *
 * Arguments are formatted only when the output is on. Never pass a URL with its password, or what an application sends;
 * on the path of every message, check `.enabled` before arguments are made.
 *
 * @param area - the part of the package that writes: `bus`, `cluster`, `inbound`
 */
export function debugLog(area: string): createDebug.Debugger {
  return createDebug(`socketio-python-bridge:${area}`);
}
