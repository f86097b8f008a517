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
  /** For each address that was to be advertised, the port that its clients end up at. */
  readonly portsBehind: readonly number[];
  /** As a power failure would. */
  crash(): Promise<void>;
  /** Resolves when it reports that it accepts connections. */
  start(): Promise<void>;
  /** Ends it for good. */
  end(): Promise<void>;
}

/**
 * @param address - to listen on
 * @param advertised - addresses of proxies before it. Kafka tells its clients where to go, and so has to know them
 */
type Launch = (address: string, advertised?: readonly string[]) => Promise<BenchBroker>;

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
  return async (address, advertised = []) => {
    const { port, kill, start } = await launchRedis(["--bind", address, "--protected-mode", "no"]);
    const portsBehind = advertised.map(() => port);
    return endable({ url: `${scheme}://${address}:${port}`, port, portsBehind, crash: kill, start, end: kill });
  };
}

const rabbitmq: Launch = async (address, advertised = []) => {
  const port = await freePort();
  const { crash, start, kill } = await launchRabbitmq({ config: [`listeners.tcp.1 = ${address}:${port}`] });
  const portsBehind = advertised.map(() => port);
  return endable({ url: `amqp://guest:guest@${address}:${port}//`, port, portsBehind, crash, start, end: kill });
};

const kafka: Launch = async (address, advertised = []) => {
  const names = advertised.map((_, index) => `PROXY${index}`);
  const listeners = Object.fromEntries(
    names.map((name, index) => [name, { protocol: "PLAINTEXT", advertised: advertised[index] ?? "" } as const]),
  );
  const { url, port, ports, crash, start, kill } = await launchKafka({ address, listeners });
  const portsBehind = names.map((name) => ports[name] ?? port);
  return endable({ url, port, portsBehind, crash, start, end: kill });
};

export const BROKERS: Readonly<Record<BusName, Launch>> = {
  redis: redis("redis"),
  rabbitmq,
  "kombu-redis": redis("kombu+redis"),
  kafka,
};
