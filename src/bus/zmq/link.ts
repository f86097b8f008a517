import { connect } from "node:net";
import type * as zeromq from "zeromq";
import { brokerError } from "../core/broker-error.js";
import type { ZmqAddress } from "./url.js";

export type ZeroMq = Pick<typeof zeromq, "Push" | "Subscriber">;

/** A plain connection may take as long, in milliseconds. */
export const CONNECT_MS = 5_000;

/** Largest message both ways, in bytes, all that is around the payload included. ZeroMQ cuts off who sends a larger one. */
export const MAX_MESSAGE = 64 * 1024 * 1024;

/** Most messages that ZeroMQ keeps for a process that is busy. With more, the forwarder drops them. */
const RECEIVE_HIGH_WATER_MARK = 100_000;

const NOTHING = Buffer.alloc(0);

/** For errors. */
export const nameOf = ({ host, pushPort }: ZmqAddress, port = pushPort): string => `ZeroMQ at ${host}:${port}`;

/**
 * ZeroMQ reconnects for ever and does not say why it cannot, so a plain connection finds out first.
 *
 * @throws BridgeError rejects with `BRIDGE_BROKER_UNAVAILABLE`
 */
export async function checkReachable(address: ZmqAddress, signal: AbortSignal): Promise<void> {
  for (const port of [address.pushPort, address.subscribePort]) {
    await new Promise<void>((resolve, reject) => {
      // As ZeroMQ does, which takes no name for an IPv6 address unless it is told to.
      const family = address.host.includes(":") ? 6 : 4;
      const socket = connect({ host: address.host, port, family, timeout: CONNECT_MS, signal });
      const fail = (cause: Error) => reject(brokerError(nameOf(address, port), cause));
      socket.once("connect", () => resolve(void socket.destroy()));
      socket.once("timeout", () => socket.destroy(new Error("connect ETIMEDOUT")));
      socket.once("error", fail);
    });
  }
}

/** One PUSH and one SUB socket, which live and end together. */
export interface ZmqLink {
  /** Resolves when ZeroMQ has taken it, which is not before it is connected and has room. One at a time. */
  send(message: Buffer): Promise<void>;
  close(): void;
}

/** @internal */
export interface ZmqLinkEvents {
  /** Untrusted input. */
  onMessage(message: Buffer): void;
  /** One of the connections is gone. */
  onLost(reason: Error): void;
}

/** Connects. Reads all channels: ZeroMQ compares beginnings, and those of Python depend on its JSON module. */
export function openLink({ Push, Subscriber }: ZeroMq, address: ZmqAddress, events: ZmqLinkEvents): ZmqLink {
  const { host, pushPort, subscribePort } = address;
  const isIpv6 = host.includes(":");
  const at = isIpv6 ? `[${host}]` : host;
  const push = new Push({ linger: 0, ipv6: isIpv6, immediate: true });
  const sub = new Subscriber({
    linger: 0,
    ipv6: isIpv6,
    receiveHighWaterMark: RECEIVE_HIGH_WATER_MARK,
    maxMessageSize: MAX_MESSAGE,
  });
  for (const [socket, port] of [[push, pushPort] as const, [sub, subscribePort] as const]) {
    socket.events.on("disconnect", () => {
      events.onLost(brokerError(nameOf(address, port), new Error("the connection was lost")));
    });
    socket.connect(`tcp://${at}:${port}`);
  }
  sub.subscribe();
  const read = async () => {
    for await (const [message = NOTHING] of sub) {
      events.onMessage(message);
    }
  };
  read().catch((cause: Error) => events.onLost(brokerError(nameOf(address, subscribePort), cause)));
  return {
    send: (message) => push.send(message),
    close: () => {
      push.close();
      sub.close();
    },
  };
}
