import type { IncomingMessage, ServerResponse } from "node:http";
import { quote } from "../util/quote.js";

/** `true` for every origin, or the origins that are accepted besides the page's own. */
export type AcceptedOrigins = true | readonly string[];

const first = (header: string | string[] | undefined): string | undefined => header?.toString().split(",")[0]?.trim();

/** The origins of this server itself, also behind a proxy: `_cors_allowed_origins` of python-engineio. */
function ownOrigins(request: IncomingMessage): readonly string[] {
  const { headers } = request;
  const scheme = "encrypted" in request.socket ? "https" : "http";
  const own = `${scheme}://${headers.host}`;
  const forwardedScheme = first(headers["x-forwarded-proto"]);
  const forwardedHost = first(headers["x-forwarded-host"]);
  if (forwardedScheme === undefined && forwardedHost === undefined) {
    return [own];
  }
  return [own, `${forwardedScheme ?? scheme}://${forwardedHost ?? headers.host}`];
}

/**
 * Rejects other origins, and requests that came by the name of another host, with status 400, for polling and WebSocket
 * alike, as python-socketio does: browsers apply CORS to the former, but not to the latter. For `io.engine.use()`.
 */
export function originCheck(accepted: AcceptedOrigins, isOwnHost: (request: IncomingMessage) => boolean) {
  return (request: IncomingMessage, _response: ServerResponse, next: (error?: Error) => void): void => {
    const { origin, host } = request.headers;
    if (!isOwnHost(request)) {
      next(new Error(`${quote(host)} is not a host of this server`));
      return;
    }
    const isAccepted =
      accepted === true || origin === undefined || accepted.includes(origin) || ownOrigins(request).includes(origin);
    next(isAccepted ? undefined : new Error(`${quote(origin)} is not an accepted origin`));
  };
}
