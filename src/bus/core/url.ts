import { readFileSync } from "node:fs";
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
  readonly query: URLSearchParams;
}

/** Not `URL`, which refuses the list of hosts of Sentinels and Kafka brokers, and a unix path without a host. */
export function splitUrl(url: string): UrlParts {
  const match = /^([a-z][a-z0-9+]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?/i.exec(url);
  if (match === null) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} is not a URL`);
  }
  const [, scheme = "", credentials = "", hosts = "", path = "", query] = match;
  // Otherwise the beginning of the password would be taken for a host or a port, and be shown in an error.
  if (scheme.toLowerCase() !== "unix" && url.slice(scheme.length + 3 + credentials.length + 1).includes("@")) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: write /, ? and # in a password percent-encoded`);
  }
  const colon = credentials.indexOf(":");
  const [username, password] =
    colon === -1 ? [credentials, ""] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const decodeUnlessEmpty = (text: string) => (text === "" ? undefined : decodePart(url, text));
  return {
    scheme: scheme.toLowerCase(),
    username: decodeUnlessEmpty(username),
    password: decodeUnlessEmpty(password),
    hosts,
    path,
    query: new URLSearchParams(query),
  };
}

export function decodePart(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} has a broken percent escape`, { cause });
  }
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

export function parseHost(url: string, text: string, port: number): { host: string; port: number } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text);
  if (match === null) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: ${JSON.stringify(text)} is not a host`);
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "localhost" : host, port: match[2] === undefined ? port : parsePort(url, match[2]) };
}

/**
 * The TLS options that all Python clients spell alike in a URL: `ssl_certfile`, `ssl_keyfile` and `ssl_check_hostname`.
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
  const withoutNameCheck = /^(false|f|no|n|0|)$/i.test(query.get("ssl_check_hostname") ?? "true");
  const [ca, cert, key] = [file(caKey), file("ssl_certfile"), file("ssl_keyfile")];
  return {
    ...(withoutNameCheck ? { checkServerIdentity: () => undefined } : {}),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}
