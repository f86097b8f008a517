import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { BridgeError } from "../errors.js";
import { quote } from "../util/quote.js";

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 6 ? "ipv6" : "ipv4");

/** Whether an address is that of a proxy whose headers are believed. */
export type ProxyCheck = (address: string) => boolean;

/**
 * @param proxies - IP addresses, and networks such as `10.0.0.0/8`
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function proxyCheck(proxies: readonly string[]): ProxyCheck {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [address = "", length] = proxy.split("/", 2);
    try {
      if (length === undefined) {
        trusted.addAddress(address, familyOf(address));
      } else {
        trusted.addSubnet(address, /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN, familyOf(address));
      }
    } catch (cause) {
      throw new BridgeError(
        "BRIDGE_INVALID_OPTION",
        `the trusted proxy ${quote(proxy)} is neither an IP address nor a network such as 10.0.0.0/8`,
        { cause },
      );
    }
  }
  return (address) => isIP(address) !== 0 && trusted.check(address, familyOf(address));
}

/** Where a request comes from. */
export interface RequestOrigin {
  readonly remoteAddress: string;
  /** 0 behind a proxy, which does not tell. */
  readonly remotePort: number;
  readonly scheme: string;
}

const values = (header: string | readonly string[] | undefined): string[] =>
  header === undefined
    ? []
    : String(header)
        .split(",")
        .map((value) => value.trim());

/**
 * The connection itself or, where a trusted proxy has made it, what that proxy says in `X-Forwarded-For` and
 * `X-Forwarded-Proto`. Each proxy adds to their ends, and a client can begin them with anything: of the addresses, the last
 * one that is not itself a trusted proxy is the client's.
 */
export function originOf({ headers, socket }: IncomingMessage, isTrusted: ProxyCheck): RequestOrigin {
  const { remoteAddress = "", remotePort = 0 } = socket;
  const own = "encrypted" in socket ? "https" : "http";
  if (!isTrusted(remoteAddress)) {
    return { remoteAddress, remotePort, scheme: own };
  }
  const hops = values(headers["x-forwarded-for"]);
  let address = remoteAddress;
  while (isTrusted(address) && isIP(hops.at(-1) ?? "") !== 0) {
    address = hops.pop() as string;
  }
  const scheme = values(headers["x-forwarded-proto"]).at(-1);
  return {
    remoteAddress: address,
    remotePort: address === remoteAddress ? remotePort : 0,
    scheme: scheme === "https" || scheme === "http" ? scheme : own,
  };
}
