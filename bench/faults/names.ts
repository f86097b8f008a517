/** What is measured, and how it is called on the command line and on the page. */

export const BUS_NAMES = ["redis", "rabbitmq", "kombu-redis", "kafka"] as const;
export type BusName = (typeof BUS_NAMES)[number];

export const FAULT_NAMES = ["restart", "cut", "black-hole", "blocked-loop", "killed"] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** Who sends, and whose client receives. `node` that sends is the host under fault; so is the one that hears Python. */
export const DIRECTIONS = ["python → node", "node → python", "node → async python", "node → other node"] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Those for which python-socketio has an asynchronous manager, with which an ASGI host joins the fleet. */
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
};

/** What the processes of a measurement say on standard error. */
export const LOG_FILE = "build/faults.log";
