import type { IncomingMessage, ServerResponse } from "node:http";

/** `true` for every origin, or those that are accepted besides the page's own. */
export type AcceptedOrigins = true | readonly string[];

const first = (header: string | string[] | undefined): string | undefined => header?.toString().split(",")[0]?.trim();

/** The origins under which this server is known, also behind a proxy: `_cors_allowed_origins` of python-engineio. */
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
 * Refuses a foreign origin with status 400, on polling and on websocket alike, as python-socketio does: browsers apply
 * CORS to the first, but not to the second. Goes into `io.engine.use()`.
 */
export function originCheck(accepted: AcceptedOrigins) {
  return (request: IncomingMessage, _response: ServerResponse, next: (error?: Error) => void): void => {
    const { origin } = request.headers;
    const isAccepted =
      accepted === true || origin === undefined || accepted.includes(origin) || ownOrigins(request).includes(origin);
    next(isAccepted ? undefined : new Error(`${origin} is not an accepted origin`));
  };
}
