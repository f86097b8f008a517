import createDebug from "debug";

/**
 * Writes to stderr when `DEBUG` names it, as everything in Socket.IO does: `DEBUG=socketio-python-bridge:*`.
 *
 * Arguments are formatted only when somebody reads them. Never pass a URL with its password, or what an application sends.
 *
 * @param area - the folder that speaks: `bus`, `cluster`, `inbound`
 */
export function debugLog(area: string): createDebug.Debugger {
  return createDebug(`socketio-python-bridge:${area}`);
}
