import { BridgeError } from "../../errors.js";
import { debugLog } from "../../util/debug.js";
import { pause } from "../../util/pause.js";
import type { Backend } from "../core/backend.js";
import type { BusCore } from "../core/bus-core.js";
import { PublishGate } from "../core/publish-gate.js";
import { type RetryFailure, type RetryLoop, startRetryLoop } from "../core/retry-loop.js";
import { MAX_CHANNEL } from "./envelope.js";
import { nameOf, type ZeroMq } from "./link.js";
import { ZmqSession } from "./session.js";
import type { ZmqAddress } from "./url.js";

const debug = debugLog("zmq");

/** @internal One session after the other, each with a socket that publishes and one that reads all channels. */
export function zmqBackend(core: BusCore, zmq: ZeroMq, address: ZmqAddress): Backend {
  /** The present one, from its beginning; and the same when its messages come back. */
  let session: ZmqSession | undefined;
  let proven: ZmqSession | undefined;
  let loop: RetryLoop | undefined;
  const gate = new PublishGate(core, {
    get isConnected() {
      return proven !== undefined;
    },
    // PUB sockets keep nothing for those who are not back, and do not disclose who is.
    waitForOtherHosts: () => pause(core.subscriberGrace, core.closing),
    onGateOpened: () => proven?.flush(),
  });

  async function runSession(connected: () => void): Promise<void> {
    const current = new ZmqSession(core, zmq, address);
    session = current;
    try {
      await current.run(() => {
        debug("messages come back from %s", nameOf(address));
        connected();
        proven = current;
        // It reads all channels.
        for (const channel of core.subscriptions.channels) {
          core.subscribed(channel);
        }
        gate.publisherConnected();
      });
    } finally {
      proven = undefined;
      for (const channel of core.subscriptions.channels) {
        core.subscriptionLost(channel);
      }
      gate.subscriptionLost();
      gate.publisherLost();
    }
  }

  function onFailure({ error, delay }: RetryFailure): void {
    debug("%s; retrying in %d ms", (error as Error).message, delay);
    core.status.errorOnce(error as BridgeError);
    gate.publisherReconnecting(delay);
  }

  function replace(reason: string): void {
    session?.end(new BridgeError("BRIDGE_BROKER_UNAVAILABLE", `${nameOf(address)}: ${reason}`));
  }

  return {
    name: "zmq",
    title: "ZeroMQ",
    checkChannel: (channel) => (Buffer.byteLength(channel) > MAX_CHANNEL ? tooLong(channel) : undefined),
    subscribe: (channel) => {
      if (proven !== undefined) {
        core.subscribed(channel);
        gate.openIfReady();
      }
    },
    flush: () => {
      loop ??= startRetryLoop({ session: runSession, onFailure, signal: core.closing });
      if (gate.isOpen) {
        proven?.flush();
      }
    },
    publishHeartbeat: async (channel, payload) => {
      if (proven === undefined) {
        throw new Error("not connected");
      }
      proven.sendHeartbeat({ channel, payload });
    },
    replacePublisher: () => replace("messages did not come back in time"),
    replaceConnections: () => replace("own messages did not come back in time"),
    isAway: () => gate.isAway,
    // One PUB socket sends all messages to all hosts.
    isOrdered: () => true,
    close: async () => {
      replace("the bus is closed");
      await loop?.ended;
    },
  };
}

function tooLong(channel: string): BridgeError {
  const name = JSON.stringify(`${channel.slice(0, 20)}…`);
  return new BridgeError("BRIDGE_INVALID_OPTION", `channel ${name} is longer than ${MAX_CHANNEL} bytes`);
}
