import type { IncomingMessage } from "node:http";
import { quote } from "../util/quote.js";
import type { AcceptedOrigins, HostCheck } from "./own-hosts.js";

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

/** A request that is not served. */
export interface Refusal {
  readonly kind: "host" | "origin";
  /** `Host` and, behind a proxy, `X-Forwarded-Host`; or `Origin`. */
  readonly name: string | undefined;
  /** For the response. */
  readonly message: string;
}

/** Of a request that came by the name of another host. */
export function refusalOfHost(request: IncomingMessage, isOwnHost: HostCheck): Refusal | undefined {
  if (isOwnHost(request)) {
    return undefined;
  }
  const { host, "x-forwarded-host": forwarded } = request.headers;
  const name = forwarded === undefined ? host : `${host}, ${forwarded}`;
  return { kind: "host", name, message: `${quote(name)} is not a host of this server` };
}

/**
 * Also of a request from a page of another origin. python-socketio checks that for polling and WebSocket alike; browsers
 * apply CORS to the former alone.
 */
export function refusalOf(
  request: IncomingMessage,
  accepted: AcceptedOrigins,
  isOwnHost: HostCheck,
): Refusal | undefined {
  const { origin } = request.headers;
  const isAccepted =
    accepted === true || origin === undefined || accepted.includes(origin) || ownOrigins(request).includes(origin);
  return (
    refusalOfHost(request, isOwnHost) ??
    (isAccepted ? undefined : { kind: "origin", name: origin, message: `${quote(origin)} is not an accepted origin` })
  );
}
