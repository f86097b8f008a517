import type { Redis } from "ioredis";

/** @internal How the hosts of a fleet use Redis pub/sub. */
export interface RedisWireFormat {
  /** The `name` of the bus. */
  readonly name: string;
  /** Precedes the channel in the name that Redis knows. */
  readonly prefix: string;
  encode?(channel: string, payload: Buffer): Buffer;
  /** Untrusted input. */
  decode?(message: Uint8Array): Uint8Array;
  /** How many hosts would receive a message now. Rejects if the broker does not disclose it. */
  countReceivers(publisher: Redis, channel: string): Promise<number>;
}

/** @internal As `RedisManager` does: the channel by its name, the payload as it is. */
export const PLAIN: RedisWireFormat = {
  name: "redis",
  prefix: "",
  countReceivers: async (publisher, channel) => {
    const reply = await publisher.pubsub("NUMSUB", channel);
    return Number(reply[1] ?? Number.POSITIVE_INFINITY);
  },
};
