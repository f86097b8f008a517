import type { IncomingMessage } from "node:http";
import { BridgeError } from "../errors.js";
import { quote } from "../util/quote.js";
import { refusalOf } from "./origin.js";
import { type AcceptedOrigins, hostCheck, isLoopback } from "./own-hosts.js";

/** The option `allowRequest` of a Socket.IO `Server`. */
export type AllowRequest = (
  request: IncomingMessage,
  callback: (error: string | undefined, success: boolean) => void,
) => void;

/**
 * What browsers send as `Origin`, also where the scheme is that of an application, such as `capacitor`, for which URL has no
 * origin. Not `null`: any page can have that, in an `iframe` with `sandbox`.
 */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@\\*]+$/;

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
function assertOrigin(origin: string): void {
  const parsed = URL.canParse(origin) ? new URL(origin).origin : "null";
  const isWritten = ORIGIN.test(parsed);
  if (!ORIGIN.test(origin) || (isWritten && parsed !== origin)) {
    const expected = isWritten ? parsed : "scheme, host and port, as in https://chat.example.com";
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${quote(origin)} is not an origin: it takes ${expected}`);
  }
}

/**
 * The check of `Origin` and `Host` that `serve` has, for a server of your own. Socket.IO's option `cors` does not keep pages
 * of other origins from connecting over WebSocket, with the cookies of your users: browsers apply CORS to polling alone.
 *
 * Accepts requests without an `Origin`, which are not from a page; those from a page of the server itself, also behind a
 * proxy that sets `X-Forwarded-Host` and `X-Forwarded-Proto`; and those of `origins`. Against DNS rebinding the `Host` of
 * each request, and each `X-Forwarded-Host`, must also be a loopback name, the host of one of `origins`, or, on a connection
 * that did not arrive over loopback, an IP address. So name the public origin of the server itself too.
 *
 * What is refused gets status 403 on polling and 400 on WebSocket, as Socket.IO answers, and is an event
 * `connection_error` of `io.engine`.
 *
 * @example
 *
 *     const origins = ["https://chat.example.com"];
 *     const io = new Server(http, {
 *       adapter,
 *       allowRequest: checkOrigin(origins),
 *       cors: { origin: origins, credentials: true },
 *     });
 *
 * @param origins - those whose pages may connect, as browsers send them; `"*"`, also in a list, disables both checks.
 *   Default: none but the server's own
 * @throws BridgeError `BRIDGE_INVALID_OPTION` for what is not an origin, such as a URL with a path
 */
export function checkOrigin(origins: string | readonly string[] = []): AllowRequest {
  const listed = [origins].flat();
  const accepted: AcceptedOrigins = listed.includes("*") || listed;
  if (accepted !== true) {
    listed.forEach(assertOrigin);
  }
  const onLoopback = hostCheck("127.0.0.1", accepted);
  const elsewhere = hostCheck("0.0.0.0", accepted);
  // A Unix socket has no address: a proxy on this machine uses it.
  const isOwnHost = (request: IncomingMessage) =>
    (isLoopback(request.socket.localAddress ?? "localhost") ? onLoopback : elsewhere)(request);
  return (request, callback) => {
    const refusal = refusalOf(request, accepted, isOwnHost);
    callback(refusal?.message, refusal === undefined);
  };
}
