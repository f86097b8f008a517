import type { RedisOptions as AllRedisOptions } from "ioredis";
import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";
import { parseHost, splitUrl, tlsFiles, type UrlParts, unquote } from "../core/url.js";

/**
 * The schemes of `RedisManager` in python-socketio, and those of a cluster as the storage URLs of Flask-Limiter have them: python-socketio
 * takes the plain URL of one of its nodes.
 */
export const REDIS_SCHEMES = [
  "redis",
  "rediss",
  "valkey",
  "valkeys",
  "unix",
  "redis+sentinel",
  "valkey+sentinel",
  "redis+cluster",
  "rediss+cluster",
  "valkey+cluster",
  "valkeys+cluster",
] as const;

const DEFAULT_PORT = 6379;

/** Of a client whose replies have the default types. */
export type RedisOptions = Omit<AllRedisOptions, "replyMapping">;

/** What `int()` of Python takes, as far as Redis has such databases. */
function toDb(text: string): number | undefined {
  return /^\s*\+?\d+(_\d+)*\s*$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

/** @throws BridgeError `BRIDGE_INVALID_URL` */
function parseDb(url: string, text: string): number {
  const db = toDb(text);
  if (db === undefined) {
    throw new BridgeError(
      "BRIDGE_INVALID_URL",
      `${redactUrl(url)}: the database ${JSON.stringify(text)} is not a number`,
    );
  }
  return db;
}

/** The TLS options of redis-py, which a URL that is shared with Python often has in its query. */
function tlsOptions(url: string, query: URLSearchParams): NonNullable<RedisOptions["tls"]> {
  const requirement = query.get("ssl_cert_reqs")?.toLowerCase().replace("cert_", "") ?? "required";
  if (!["none", "optional", "required"].includes(requirement)) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: ssl_cert_reqs is none, optional or required`);
  }
  return {
    // To a client, optional is the same as required: redis-py refuses an unknown authority with either.
    rejectUnauthorized: requirement !== "none",
    ...tlsFiles(url, query, "ssl_ca_certs"),
  };
}

/** redis-py accepts them before the host or in the query. */
function credentials({ query, ...parts }: UrlParts): RedisOptions {
  const username = parts.username ?? query.get("username") ?? undefined;
  const password = parts.password ?? query.get("password") ?? undefined;
  return { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }) };
}

/** A flag in the query, as redis-py reads one. */
const isSet = (query: URLSearchParams, name: string): boolean => !/^(false|f|no|n|0)$/i.test(query.get(name) ?? "no");

/** What concerns the Sentinels themselves: what redis-py takes as `sentinel_kwargs`, each with this before its name. */
const SENTINEL_PREFIX = "sentinel_";

function sentinelAccess(url: string, query: URLSearchParams): RedisOptions {
  const own = new URLSearchParams();
  for (const [name, value] of query) {
    if (name.startsWith(SENTINEL_PREFIX)) {
      own.append(name.slice(SENTINEL_PREFIX.length), value);
    }
  }
  const [username, password] = [own.get("username"), own.get("password")];
  return {
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(password === null ? {} : { sentinelPassword: password }),
    ...(isSet(own, "ssl") ? { sentinelTLS: tlsOptions(url, own) } : {}),
  };
}

/**
 * `redis+sentinel://user:pw@h1:p1,h2:p2/db/service`, as `parse_redis_sentinel_url` reads it: user and password are the
 * master's, and the service is named after the channel if the URL names none. Python ignores the query, which has what it
 * takes as options: `ssl` and its companions for the master, the same after `sentinel_` for Sentinels.
 */
function sentinelOptions(url: string, parts: UrlParts, channel: string): RedisOptions {
  const [, db = "", service = ""] = parts.path.split("/");
  return {
    sentinels: parts.hosts.split(",").map((host) => parseHost(url, host, 26379)),
    name: service === "" ? channel : service,
    ...credentials(parts),
    ...(db === "" ? {} : { db: parseDb(url, db) }),
    ...(isSet(parts.query, "ssl") ? { tls: tlsOptions(url, parts.query), enableTLSForSentinelMode: true } : {}),
    ...sentinelAccess(url, parts.query),
  };
}

/** `unix://[user:pw@]/path/to/socket?db=0`; user and password may be in the query, as in redis-py. */
function unixOptions(url: string, parts: UrlParts): RedisOptions {
  const path = unquote(parts.path);
  if (path === "") {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} names no socket file`);
  }
  const db = parts.query.get("db");
  return { path, ...credentials(parts), ...(db === null ? {} : { db: parseDb(url, db) }) };
}

function tcpOptions(url: string, parts: UrlParts): RedisOptions {
  const named = parts.query.get("db");
  // redis-py ignores a path that is no number.
  const db = named === null ? toDb(unquote(parts.path).replaceAll("/", "")) : parseDb(url, named);
  const secure = /^(rediss|valkeys)\b/.test(parts.scheme);
  const { host, port } = parseHost(url, parts.hosts, DEFAULT_PORT);
  return {
    host: unquote(host),
    port,
    ...credentials(parts),
    ...(db === undefined ? {} : { db }),
    ...(secure ? { tls: tlsOptions(url, parts.query) } : {}),
  };
}

/** `redis+cluster://[user:pw@]h1:p1,h2:p2`: what all nodes have in common. */
function clusterOptions(url: string, parts: UrlParts): RedisOptions {
  const { host, port, db, ...common } = tcpOptions(url, { ...parts, hosts: "" });
  if (db !== undefined && db !== 0) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: a cluster has no database but 0`);
  }
  return common;
}

/**
 * The nodes that a URL of a cluster names.
 *
 * @returns undefined for any other URL
 * @throws BridgeError `BRIDGE_INVALID_URL`
 */
export function clusterSeeds(url: string): readonly { readonly host: string; readonly port: number }[] | undefined {
  const { scheme, hosts } = splitUrl(url);
  return scheme.endsWith("+cluster") ? hosts.split(",").map((host) => parseHost(url, host, DEFAULT_PORT)) : undefined;
}

/**
 * Parses a broker URL as redis-py and python-socketio do, so that one setting serves both sides. Options of redis-py in
 * the query that concern its own sockets are ignored.
 *
 * @param channel - the Sentinel service's name where the URL has none
 * @throws BridgeError `BRIDGE_INVALID_URL`; its message holds no password
 */
export function parseRedisUrl(url: string, channel: string): RedisOptions {
  const parts = splitUrl(url);
  switch (parts.scheme) {
    case "redis+sentinel":
    case "valkey+sentinel":
      return sentinelOptions(url, parts, channel);
    case "redis+cluster":
    case "rediss+cluster":
    case "valkey+cluster":
    case "valkeys+cluster":
      return clusterOptions(url, parts);
    case "unix":
      return unixOptions(url, parts);
    case "redis":
    case "rediss":
    case "valkey":
    case "valkeys":
      return tcpOptions(url, parts);
    default:
      throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: not one of ${REDIS_SCHEMES.join(", ")}`);
  }
}
