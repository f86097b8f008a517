import { BridgeError } from "../../errors.js";
import { redactUrl } from "../../util/redact-url.js";
import { parseHost } from "../core/url.js";

export const ZMQ_SCHEMES = ["zmq+tcp"] as const;

/** Where the program between the hosts listens. */
export interface ZmqAddress {
  readonly host: string;
  /** It takes messages at this one, with a PULL socket. */
  readonly pushPort: number;
  /** It publishes them at this one, with a PUB socket. */
  readonly subscribePort: number;
}

/**
 * Parses `zmq+tcp://host:port1+port2`, as `ZmqManager` of python-socketio takes it, which knows neither a user nor a
 * query.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`
 */
export function parseZmqUrl(url: string): ZmqAddress {
  const match = /^zmq\+tcp:\/\/(\[[^\]]+\]|[^:/?#@]+):(\d+)\+(\d+)$/i.exec(url);
  if (match === null) {
    throw new BridgeError("BRIDGE_INVALID_URL", `${redactUrl(url)} is not of the form zmq+tcp://host:port1+port2`);
  }
  const [, text = "", ...ports] = match;
  const [push, subscribe] = ports.map((port) => parseHost(url, `${text}:${port}`, 0)) as [Endpoint, Endpoint];
  return { host: push.host, pushPort: push.port, subscribePort: subscribe.port };
}

type Endpoint = ReturnType<typeof parseHost>;
