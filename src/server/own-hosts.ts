import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";

/** `true` for every origin, or the origins that are accepted besides the page's own. */
export type AcceptedOrigins = true | readonly string[];

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** As in a URL: in lower case and without a port, IPv6 without brackets, without the dot of a complete name. */
function hostOf(authority: string): string | undefined {
  if (!/^[^\s/?#@\\]+$/.test(authority)) {
    return undefined;
  }
  try {
    return new URL(`http://${authority}`).hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
  } catch {
    return undefined;
  }
}

/** @param host - an address, or a name in lower case */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  return version === 0
    ? host === "localhost" || host.endsWith(".localhost")
    : LOOPBACK.check(host, version === 6 ? "ipv6" : "ipv4");
}

/** Whether the `Host` of a request names this server. */
export type HostCheck = (request: IncomingMessage) => boolean;

/**
 * A page elsewhere can make its own name resolve to the address of this server (DNS rebinding). For the browser it is then of
 * the same origin as this server, and only the name in `Host` gives it away. So on loopback only loopback names are those
 * of this server; elsewhere also every IP address, which is no name, and `listen`. The hosts of accepted origins are
 * accepted too, since their pages may connect in any case.
 *
 * @param listen - the address or name that the server listens on
 */
export function hostCheck(listen: string, accepted: AcceptedOrigins): HostCheck {
  if (accepted === true) {
    return () => true;
  }
  const own = hostOf(isIP(listen) === 6 ? `[${listen}]` : listen) ?? "";
  const named = new Set([own, ...accepted.map((origin) => hostOf(origin.replace(/^[^/]*:\/\//, "")))]);
  const isOwn = (authority: string | undefined): boolean => {
    const host = authority === undefined ? undefined : hostOf(authority);
    return host !== undefined && (isLoopback(host) || named.has(host) || (isIP(host) !== 0 && !isLoopback(own)));
  };
  return ({ headers }) => {
    const forwarded = headers["x-forwarded-host"]?.toString();
    // Of several proxies each may have added one.
    return isOwn(headers.host) && (forwarded?.split(",") ?? []).every((host) => isOwn(host.trim()));
  };
}
