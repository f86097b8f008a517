import { readFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";

/** @internal The parts of a URL, also of one with a list of hosts, with a socket file as its path, or a badly encoded password. */
export interface UrlParts {
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** All between `@` and the path. */
  readonly hosts: string;
  readonly path: string;
  /** Without what has no value. */
  readonly query: URLSearchParams;
}

/**
 * As `urlparse` of Python does, which all client libraries there use. Not `URL`, which refuses the list of hosts of
 * Sentinels and Kafka brokers, and a unix path without a host.
 */
export function splitUrl(text: string): UrlParts {
  // That of a file is often followed by the end of its line.
  const url = text.replace(/[\t\r\n]/g, "");
  const match = /^([a-z][a-z0-9+]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?/i.exec(url);
  if (match === null) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} is not a URL`);
  }
  const [whole, scheme = "", credentials = "", hosts = "", path = "", query = ""] = match;
  if (scheme.toLowerCase() !== "unix") {
    assertWholePassword(url, { authority: credentials + hosts, hosts, path, query, rest: url.slice(whole.length) });
  }
  const colon = credentials.indexOf(":");
  const [username, password] =
    colon === -1 ? [credentials, ""] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const decodeUnlessEmpty = (text: string) => (text === "" ? undefined : unquote(text));
  return {
    scheme: scheme.toLowerCase(),
    username: decodeUnlessEmpty(username),
    password: decodeUnlessEmpty(password),
    hosts,
    path,
    query: new URLSearchParams([...new URLSearchParams(query)].filter(([, value]) => value !== "")),
  };
}

interface SplitUrl {
  readonly authority: string;
  readonly hosts: string;
  readonly path: string;
  readonly query: string;
  /** What follows the query. */
  readonly rest: string;
}

/**
 * With a `/`, `?` or `#` in the password, its beginning would be taken for a host or a port, and be shown in an error.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`
 */
function assertWholePassword(url: string, { authority, hosts, path, query, rest }: SplitUrl): void {
  const mayBeCut = authority.includes(":") && /@/.test(path + rest);
  const isQuery = hosts.split(",").every((host) => /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.test(host)) && /^\w+=/.test(query);
  if (mayBeCut || (query.includes("@") && !isQuery)) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: write /, ? and # in a password percent-encoded`);
  }
}

/** As `urllib.parse.unquote` of Python: what is no escape stays, and what is no UTF-8 is replaced. */
export function unquote(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (bytes) => Buffer.from(bytes.replaceAll("%", ""), "hex").toString());
}

function parsePort(url: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    throw new BridgeError(
      "BRIDGE_INVALID_URL",
      `${redactUrl(url)}: the port ${JSON.stringify(text)} is not 1 to 65535`,
    );
  }
  return port;
}

/** @param port - where there is none */
export function parseHost(url: string, text: string, port: number): { host: string; port: number } {
  if (isIPv6(text)) {
    return { host: text, port };
  }
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text);
  if (match === null) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: ${JSON.stringify(text)} is not a host`);
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  // To redis-py and kombu, 0 and nothing are the default.
  const isDefault = /^0*$/.test(match[2] ?? "");
  return { host: host === "" ? "localhost" : host, port: isDefault ? port : parsePort(url, match[2] ?? "") };
}

/**
 * The TLS options that all Python clients spell alike in a URL: `ssl_certfile`, `ssl_keyfile`, `ssl_password` and
 * `ssl_check_hostname`; and `ssl_ca_data` of redis-py.
 *
 * @param caKey - how this one spells the file of authorities
 */
export function tlsFiles(url: string, query: URLSearchParams, caKey: string): ConnectionOptions {
  const file = (key: string) => {
    const path = query.get(key);
    try {
      return path === null ? undefined : readFileSync(path);
    } catch (cause) {
      throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: cannot read ${key}`, { cause });
    }
  };
  const withoutNameCheck = /^(false|f|no|n|0)$/i.test(query.get("ssl_check_hostname") ?? "true");
  const [ca, cert, key] = [file(caKey) ?? query.get("ssl_ca_data"), file("ssl_certfile"), file("ssl_keyfile")];
  const passphrase = query.get("ssl_password");
  return {
    ...(withoutNameCheck ? { checkServerIdentity: () => undefined } : {}),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(passphrase === null ? {} : { passphrase }),
  };
}
