import type { Backend } from "../core/backend.js";
import type { BusCore } from "../core/bus-core.js";
import type { RedisConnector } from "./connection.js";
import { RedisPublisher } from "./publisher.js";
import { RedisSubscriber } from "./subscriber.js";
import type { RedisWireFormat } from "./wire-format.js";

/** @internal Redis pub/sub: one connection publishes, another subscribes; each is opened when it is first needed. */
export function redisBackend(core: BusCore, connect: RedisConnector, wire: RedisWireFormat): Backend {
  const replaceConnections = () => {
    subscriber.replace();
    publisher.replace();
  };
  const publisher = new RedisPublisher(core, connect, wire, replaceConnections);
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
    replaceConnections,
    isAway: () => publisher.gate.isAway,
    isOrdered: () => publisher.isOrdered(),
    countSubscribers: (channel) => publisher.countSubscribers(channel),
    close: async () => {
      await Promise.all([publisher.close(), subscriber.close()]);
    },
  };
}
