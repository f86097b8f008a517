import { launchRedis } from "../../test/helpers/redis.js";
import type { BusName } from "./names.js";

/** A real broker, which stays at its address over restarts. */
export interface BenchBroker {
  /** For Node hosts, and for Python by way of `python-fixtures/managers.py`. */
  readonly url: string;
  readonly port: number;
  /** As if the machine had lost power. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** @param address - where it is to be reached, besides 127.0.0.1 */
type Launch = (address: string) => Promise<BenchBroker>;

async function redis(address: string): Promise<BenchBroker> {
  const broker = await launchRedis(["--bind", ...new Set(["127.0.0.1", address]), "--protected-mode", "no"]);
  return { ...broker, url: `redis://${address}:${broker.port}` };
}

export const BROKERS: Readonly<Partial<Record<BusName, Launch>>> = { redis };
