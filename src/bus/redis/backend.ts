import type { Backend } from "../core/backend.js";
import type { BusCore } from "../core/bus-core.js";
import type { RedisConnector } from "./connection.js";
import { RedisPublisher } from "./publisher.js";
import { RedisSubscriber } from "./subscriber.js";
import type { RedisWireFormat } from "./wire-format.js";

/** @internal Redis pub/sub: one connection publishes, another subscribes; each is opened when it is first needed. */
export function redisBackend(core: BusCore, connect: RedisConnector, wire: RedisWireFormat): Backend {
  const publisher = new RedisPublisher(core, connect, wire);
  const subscriber = new RedisSubscriber(core, connect, wire, publisher.gate);
  return {
    name: wire.name,
    title: "Redis",
    ...(wire.encode ? { encode: wire.encode } : {}),
    ...(wire.decode ? { decode: wire.decode } : {}),
    subscribe: (channel) => subscriber.subscribe(channel),
    flush: () => publisher.flush(),
    publishHeartbeat: (channel, message) => publisher.publish(channel, message),
    replacePublisher: () => publisher.replace(),
    replaceConnections: () => {
      subscriber.replace();
      publisher.replace();
    },
    isAway: () => publisher.gate.isAway,
    // A server passes messages on in the order in which it gets them.
    isOrdered: () => true,
    countSubscribers: (channel) => publisher.countSubscribers(channel),
    close: async () => {
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
}
