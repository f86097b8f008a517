/** What is measured, by its name on the command line and its title on the page. */

export const BUS_NAMES = ["redis", "rabbitmq", "kombu-redis", "kafka"] as const;
export type BusName = (typeof BUS_NAMES)[number];

export const FAULT_NAMES = ["restart", "cut", "black-hole", "blocked-loop", "killed", "failover"] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** Sender and receiving client. `node` is the tested host, the one that the fault hits. */
export const DIRECTIONS = ["python → node", "node → python", "node → async python", "node → other node"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Buses for which python-socketio has an asynchronous manager, so that an ASGI host can join. */
export const ASYNC_BUSES: readonly BusName[] = ["redis", "rabbitmq"];

export function isToPython(direction: Direction): boolean {
  return direction === "node → python" || direction === "node → async python";
}

export const BUS_TITLES: Readonly<Record<BusName, string>> = {
  redis: "Redis",
  rabbitmq: "RabbitMQ",
  "kombu-redis": "Kombu over Redis",
  kafka: "Kafka",
};

export const CUT_MS = 5_000;
export const BLACK_HOLE_MS = 15_000;
export const BLOCKED_MS = 3_000;

export const FAULT_TITLES: Readonly<Record<FaultName, string>> = {
  restart: "broker killed and started",
  cut: `connection cut, ${CUT_MS / 1_000} s`,
  "black-hole": `packets dropped, ${BLACK_HOLE_MS / 1_000} s`,
  "blocked-loop": `event loop blocked, ${BLOCKED_MS / 1_000} s`,
  killed: "host killed and started",
  failover: "node of a cluster killed",
};

/** What is killed, by bus. */
export const FAILOVER_TITLES: Readonly<Record<BusName, string>> = {
  redis: "primary killed, replica promoted by Sentinel",
  rabbitmq: "node of three killed",
  "kombu-redis": FAULT_TITLES.failover,
  kafka: "leader of three brokers killed",
};

/** The standard error of the programs of a measurement. */
export const LOG_FILE = "build/faults.log";
