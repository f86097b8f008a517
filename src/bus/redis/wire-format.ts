import type { Redis } from "ioredis";

/** How a fleet says to Redis what it has to say. */
export interface RedisWire {
  /** The `name` of the bus. */
  readonly name: string;
  /** What stands before the channel in the name that Redis knows. */
  readonly prefix: string;
  pack(channel: string, payload: Buffer): Buffer;
  /** Never throws: the message may be anybody's. */
  unpack(message: Buffer): Uint8Array;
  /** How many would receive a message now. Rejects where the broker does not tell. */
  countReceivers(publisher: Redis, channel: string): Promise<number>;
}

/** As RedisManager says it: the channel by its name, the payload as it is. */
export const BARE: RedisWire = {
  name: "redis",
  prefix: "",
  pack: (_, payload) => payload,
  unpack: (message) => message,
  countReceivers: async (publisher, channel) => {
    const reply = await publisher.pubsub("NUMSUB", channel);
    return Number(reply[1] ?? Number.POSITIVE_INFINITY);
  },
};
