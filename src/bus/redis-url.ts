import { readFileSync } from "node:fs";
import type { RedisOptions as AllRedisOptions } from "ioredis";
import { BridgeError } from "../errors.js";
import { redactUrl } from "../log.js";

/** The schemes of `RedisManager` in python-socketio. */
export const REDIS_SCHEMES = [
  "redis",
  "rediss",
  "valkey",
  "valkeys",
  "unix",
  "redis+sentinel",
  "valkey+sentinel",
] as const;

const DEFAULT_PORT = 6379;

/** Options for a client with the replies that ioredis has always given. */
export type RedisOptions = Omit<AllRedisOptions, "replyMapping">;

interface UrlParts {
  readonly scheme: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** What stands between `@` and the path. */
  readonly hosts: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Not `URL`: it refuses the comma list of Sentinel hosts, and unix paths have no host at all. */
function split(url: string): UrlParts {
  const match = /^([a-z][a-z0-9+]*):\/\/(?:([^/?#]*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?/i.exec(url);
  if (match === null) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)} is not a URL`);
  }
  const [, scheme = "", credentials = "", hosts = "", path = "", query] = match;
  // Its first part would be taken for a host or a port, and be named in an error.
  if (scheme.toLowerCase() !== "unix" && url.slice(scheme.length + 3 + credentials.length + 1).includes("@")) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)}: write /, ? and # in a password percent-encoded`);
  }
  const colon = credentials.indexOf(":");
  const [username, password] =
    colon === -1 ? [credentials, ""] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const orNothing = (text: string) => (text === "" ? undefined : decodePart(url, text));
  return {
    scheme: scheme.toLowerCase(),
    username: orNothing(username),
    password: orNothing(password),
    hosts,
    path,
    query: new URLSearchParams(query),
  };
}

function decodePart(url: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)} has a broken percent escape`, { cause });
  }
}

function parsePort(url: string, text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)}: the port ${JSON.stringify(text)} is not 1 to 65535`);
  }
  return port;
}

function parseHost(url: string, text: string, port: number): { host: string; port: number } {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/.exec(text);
  if (match === null) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)}: ${JSON.stringify(text)} is not a host`);
  }
  const host = (match[1] ?? "").replace(/^\[|\]$/g, "");
  return { host: host === "" ? "localhost" : host, port: match[2] === undefined ? port : parsePort(url, match[2]) };
}

function parseDb(url: string, text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)}: the database ${JSON.stringify(text)} is not a number`);
  }
  return Number(text);
}

/** The query options of redis-py that say how to speak TLS; a fleet's URL often carries them. */
function tlsOptions(url: string, query: URLSearchParams): NonNullable<RedisOptions["tls"]> {
  const file = (key: string) => {
    const path = query.get(key);
    try {
      return path === null ? undefined : readFileSync(path);
    } catch (cause) {
      throw new BridgeError("INVALID_URL", `${redactUrl(url)}: cannot read ${key}`, { cause });
    }
  };
  const requirement = query.get("ssl_cert_reqs")?.toLowerCase().replace("cert_", "") ?? "required";
  if (!["none", "optional", "required"].includes(requirement)) {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)}: ssl_cert_reqs is none, optional or required`);
  }
  const withoutNameCheck = /^(false|f|no|n|0|)$/i.test(query.get("ssl_check_hostname") ?? "true");
  const [ca, cert, key] = [file("ssl_ca_certs"), file("ssl_certfile"), file("ssl_keyfile")];
  return {
    // To a client, optional is as required: redis-py refuses an unknown authority with either.
    rejectUnauthorized: requirement !== "none",
    ...(withoutNameCheck ? { checkServerIdentity: () => undefined } : {}),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

/** redis-py takes them before the host or in the query. */
function credentials({ query, ...parts }: UrlParts): RedisOptions {
  const username = parts.username ?? query.get("username") ?? undefined;
  const password = parts.password ?? query.get("password") ?? undefined;
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/**
 * `redis+sentinel://user:pw@h1:p1,h2:p2/db/service`, as `parse_redis_sentinel_url` reads it: user and password are the
 * master's, and the service is named after the channel when the URL names none.
 */
function sentinelOptions(url: string, parts: UrlParts, channel: string): RedisOptions {
  const [, db = "", service = ""] = parts.path.split("/");
  return {
    sentinels: parts.hosts.split(",").map((host) => parseHost(url, host, 26379)),
    name: service === "" ? channel : service,
    ...credentials(parts),
    ...(db === "" ? {} : { db: parseDb(url, db) }),
  };
}

/** `unix://[user:pw@]/path/to/socket?db=0`, with user and password in the query as redis-py also takes them. */
function unixOptions(url: string, parts: UrlParts): RedisOptions {
  const path = decodePart(url, parts.hosts + parts.path);
  if (path === "") {
    throw new BridgeError("INVALID_URL", `${redactUrl(url)} names no socket file`);
  }
  const db = parts.query.get("db");
  return { path, ...credentials(parts), ...(db === null ? {} : { db: parseDb(url, db) }) };
}

function tcpOptions(url: string, parts: UrlParts): RedisOptions {
  const db = parts.query.get("db") ?? parts.path.replaceAll("/", "");
  const secure = parts.scheme === "rediss" || parts.scheme === "valkeys";
  return {
    ...parseHost(url, parts.hosts, DEFAULT_PORT),
    ...credentials(parts),
    ...(db === "" ? {} : { db: parseDb(url, db) }),
    ...(secure ? { tls: tlsOptions(url, parts.query) } : {}),
  };
}

/**
 * Reads a broker URL as redis-py and python-socketio do, so that one setting serves both sides. Options of redis-py
 * in the query that concern its own sockets are ignored.
 *
 * @param channel - the Sentinel service's name where the URL has none
 * @throws BridgeError `INVALID_URL`; its message holds no password
 */
export function parseRedisUrl(url: string, channel: string): RedisOptions {
  const parts = split(url);
  switch (parts.scheme) {
    case "redis+sentinel":
    case "valkey+sentinel":
      return sentinelOptions(url, parts, channel);
    case "unix":
      return unixOptions(url, parts);
    case "redis":
    case "rediss":
    case "valkey":
    case "valkeys":
      return tcpOptions(url, parts);
    default:
      throw new BridgeError("INVALID_URL", `${redactUrl(url)}: not one of ${REDIS_SCHEMES.join(", ")}`);
  }
}
