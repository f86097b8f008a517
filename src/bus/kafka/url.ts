import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";
import { parseHost, splitUrl, tlsFiles, type UrlParts } from "../core/url.js";

const DEFAULT_PORT = 9092;

const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] as const;

export interface KafkaSasl {
  /** @default "PLAIN" */
  readonly mechanism?: (typeof MECHANISMS)[number] | undefined;
  /** Not for OAUTHBEARER. May be left out where `credentials` gives it. */
  readonly username?: string | undefined;
  /** Of OAUTHBEARER: the token. May be left out where `credentials` gives it. */
  readonly password?: string | undefined;
}

export interface CheckedSasl {
  readonly mechanism: (typeof MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}

export interface KafkaAddress {
  readonly host: string;
  readonly port: number;
}

/** How the brokers of a cluster are reached. */
export interface KafkaAccess {
  readonly bootstrap: readonly [KafkaAddress, ...KafkaAddress[]];
  readonly sasl?: CheckedSasl | undefined;
  readonly tls?: ConnectionOptions | undefined;
}

/** As kafka-python names them, each with whether to log in and whether to encrypt. */
const PROTOCOLS = {
  PLAINTEXT: { sasl: false, tls: false },
  SSL: { sasl: false, tls: true },
  SASL_PLAINTEXT: { sasl: true, tls: false },
  SASL_SSL: { sasl: true, tls: true },
} as const;

function protocolOf(
  url: string,
  { username, query }: UrlParts,
  hasCredentials: boolean,
): (typeof PROTOCOLS)[keyof typeof PROTOCOLS] {
  const login =
    hasCredentials || (username ?? query.get("sasl_plain_username") ?? query.get("sasl_mechanism")) !== null;
  const name = query.get("security_protocol") ?? (login ? "SASL_PLAINTEXT" : "PLAINTEXT");
  if (!Object.hasOwn(PROTOCOLS, name)) {
    const known = Object.keys(PROTOCOLS).join(", ");
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: security_protocol is one of ${known}`);
  }
  const protocol = PROTOCOLS[name as keyof typeof PROTOCOLS];
  if (login && !protocol.sasl) {
    throw new BridgeError(
      "BRIDGE_INVALID_URL",
      `${redactUrl(url)}: to log in, security_protocol is SASL_PLAINTEXT or SASL_SSL`,
    );
  }
  return protocol;
}

/**
 * @param hasCredentials - whether user and password are asked for later
 * @throws BridgeError with that code
 */
export function checkSasl(
  code: "BRIDGE_INVALID_URL" | "BRIDGE_INVALID_OPTION",
  what: string,
  { mechanism = "PLAIN", username, password }: KafkaSasl,
  hasCredentials: boolean,
): CheckedSasl {
  if (!MECHANISMS.includes(mechanism)) {
    const known = MECHANISMS.join(", ");
    throw new BridgeError(code, `${what}: the SASL mechanism ${JSON.stringify(mechanism)} is not one of ${known}`);
  }
  const isToken = mechanism === "OAUTHBEARER";
  if (!hasCredentials && !(typeof password === "string" && (typeof username === "string" || isToken))) {
    const takes = isToken ? "a token as its password" : "a user name and a password";
    throw new BridgeError(code, `${what}: SASL takes ${takes}`);
  }
  return { mechanism, username: username ?? "", password: password ?? "" };
}

/**
 * Parses `kafka://h1:p1,h2:p2`, as `KafkaManager` of python-socketio takes it. The default port is 9092; a path after the
 * hosts is ignored.
 *
 * For login and TLS, the query takes the arguments of kafka-python by name: `security_protocol`,
 * `sasl_mechanism`, `sasl_plain_username`, `sasl_plain_password`, `ssl_cafile`, `ssl_certfile`, `ssl_keyfile`,
 * `ssl_check_hostname`. User and password may also stand before the hosts.
 *
 * @param hasCredentials - whether user and password are asked for later
 * @throws BridgeError `BRIDGE_INVALID_URL`; its message holds no password
 */
export function parseKafkaUrl(url: string, hasCredentials = false): KafkaAccess {
  const parts = splitUrl(url);
  if (parts.scheme !== "kafka") {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: not a kafka:// URL`);
  }
  if (parts.path.startsWith("//")) {
    // kafka-python drops what precedes `://`, so that `kafka://SSL://host` has no TLS.
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: write security_protocol in the query`);
  }
  const { query } = parts;
  const [first = "", ...others] = parts.hosts.split(",");
  const address = (text: string) => parseHost(url, text.trim(), DEFAULT_PORT);
  const protocol = protocolOf(url, parts, hasCredentials);
  const login = {
    mechanism: (query.get("sasl_mechanism") ?? undefined) as KafkaSasl["mechanism"],
    username: parts.username ?? query.get("sasl_plain_username") ?? undefined,
    password: parts.password ?? query.get("sasl_plain_password") ?? undefined,
  };
  return {
    bootstrap: [address(first), ...others.map(address)],
    ...(protocol.sasl ? { sasl: checkSasl("BRIDGE_INVALID_URL", redactUrl(url), login, hasCredentials) } : {}),
    ...(protocol.tls ? { tls: tlsFiles(url, query, "ssl_cafile") } : {}),
  };
}
