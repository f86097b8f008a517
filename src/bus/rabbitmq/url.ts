import type { ConnectionOptions } from "node:tls";
import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";
import { parseHost, splitUrl, tlsFiles, unquote } from "../core/url.js";

export const AMQP_SCHEMES = ["amqp", "amqps"] as const;

/** One broker that a URL names. */
export interface AmqpTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** Undefined where no TLS is spoken. */
  readonly tls: ConnectionOptions | undefined;
}

/** The spelling of aio-pika, and that of kombu and redis-py. */
const SYNONYMS = [
  ["cafile", "ssl_ca_certs"],
  ["certfile", "ssl_certfile"],
  ["keyfile", "ssl_keyfile"],
] as const;

function tlsOptions(url: string, query: URLSearchParams): ConnectionOptions {
  const common = new URLSearchParams(query);
  for (const [theirs, name] of SYNONYMS) {
    const value = query.get(theirs);
    if (value !== null) {
      common.set(name, value);
    }
  }
  // aio-pika takes anything but "0" as true.
  const isUnchecked =
    (query.get("no_verify_ssl") ?? "0") !== "0" || /^(cert_)?none$/i.test(query.get("ssl_cert_reqs") ?? "");
  return { rejectUnauthorized: !isUnchecked, ...tlsFiles(url, common, "ssl_ca_certs") };
}

function parseOne(url: string): AmqpTarget {
  const { scheme, username, password, hosts, path, query } = splitUrl(url);
  if (scheme !== "amqp" && scheme !== "amqps") {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)}: not one of ${AMQP_SCHEMES.join(", ")}`);
  }
  return {
    ...parseHost(url, hosts, scheme === "amqps" ? 5671 : 5672),
    // To both clients, each of the two is a default of its own.
    username: username ?? "guest",
    password: password ?? "guest",
    vhost: unquote(path.slice(1)) || "/",
    tls: scheme === "amqps" ? tlsOptions(url, query) : undefined,
  };
}

/** A further host without a scheme differs from the first one in its address alone. */
function parseFurther(further: string, first: AmqpTarget): AmqpTarget {
  return further.includes("://") ? parseOne(further) : { ...first, ...parseHost(further, further, first.port) };
}

/**
 * Parses a broker URL as kombu and aio-pika do, so that one setting serves both sides: `amqp://user:pw@host:port/vhost`,
 * where all but the scheme is optional. Further brokers follow after `;`, as in kombu. Of the query only the TLS options
 * are used, in either spelling.
 *
 * @returns the brokers, in the order in which they are tried
 * @throws BridgeError `BRIDGE_INVALID_URL`; its message holds no password
 */
export function parseAmqpUrl(url: string): readonly AmqpTarget[] {
  const [start = "", ...rest] = url.split(";").filter((part) => part !== "");
  const first = parseOne(start);
  return [first, ...rest.map((further) => parseFurther(further, first))];
}
