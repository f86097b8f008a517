import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { freePort } from "../../scripts/environment/free-port.js";
import type { BusName } from "./names.js";

/** A real broker that keeps its address when it is restarted. */
export interface BenchBroker {
  /** For Node hosts, and for Python through `python-fixtures/managers.py`. */
  readonly url: string;
  readonly port: number;
  /** As a power failure would. */
  crash(): Promise<void>;
  /** Resolves when it reports that it accepts connections. */
  start(): Promise<void>;
  /** Ends it for good. */
  end(): Promise<void>;
}

/** @param address - to listen on */
type Launch = (address: string) => Promise<BenchBroker>;

/** Waits for a start in progress before it ends the broker. */
function endable(broker: BenchBroker): BenchBroker {
  let started = Promise.resolve();
  return {
    ...broker,
    start() {
      started = broker.start();
      return started;
    },
    async end() {
      await started.catch(() => {});
      await broker.end();
    },
  };
}

function redis(scheme: string): Launch {
  return async (address) => {
    const { port, kill, start } = await launchRedis(["--bind", address, "--protected-mode", "no"]);
    return endable({ url: `${scheme}://${address}:${port}`, port, crash: kill, start, end: kill });
  };
}

async function rabbitmq(address: string): Promise<BenchBroker> {
  const port = await freePort();
  const { crash, start, kill } = await launchRabbitmq([`listeners.tcp.1 = ${address}:${port}`]);
  return endable({ url: `amqp://guest:guest@${address}:${port}//`, port, crash, start, end: kill });
}

async function kafka(address: string): Promise<BenchBroker> {
  const { url, port, crash, start, kill } = await launchKafka({ address });
  return endable({ url, port, crash, start, end: kill });
}

export const BROKERS: Readonly<Record<BusName, Launch>> = {
  redis: redis("redis"),
  rabbitmq,
  "kombu-redis": redis("kombu+redis"),
  kafka,
};
