import type * as zeromq from "zeromq";
import { BridgeError } from "../../errors.js";
import { optionalPackage } from "../../util/optional-package.js";
import type { Bus } from "../bus.js";
import { networkedBus } from "../core/networked-bus.js";
import type { BusOptions } from "../options.js";
import { zmqBackend } from "./backend.js";
import { parseZmqUrl } from "./url.js";

export interface ZmqBusOptions extends BusOptions {
  /** As `ZmqManager` of python-socketio takes it: `zmq+tcp://host:port1+port2`. */
  readonly url: string;
}

/**
 * ZeroMQ, as `ZmqManager` of python-socketio 5.14 and later uses it: a program of yours, the forwarder, takes messages at
 * the first port with a PULL socket, and publishes each of them at the second with a PUB socket. A message is confirmed
 * when it comes back from there. Neither side logs in, so the option `credentials` is refused.
 *
 * Needs the package `zeromq`.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 */
export function zmqBus(options: ZmqBusOptions): Bus {
  if (options.credentials !== undefined) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "credentials: ZeroMQ has no login, so nobody would ask for them");
  }
  return networkedBus(options, (core) => {
    const address = parseZmqUrl(options.url);
    return zmqBackend(core, optionalPackage<typeof zeromq>("zeromq", "zmq+tcp://"), address);
  });
}
