import { setTimeout as pause } from "node:timers/promises";
import type { BenchBroker } from "./brokers.js";
import type { Span } from "./clock.js";
import { FAULTS } from "./faults.js";
import { type Evidence, type Figures, figuresOf } from "./figures.js";
import { type Fleet, startFleet } from "./fleet.js";
import type { BusName, Direction, FaultName } from "./names.js";
import type { Network } from "./network.js";
import type { Progress } from "./progress.js";
import type { PythonSent } from "./python-side.js";
import type { HostStatus } from "./tested-host.js";
import type { Watch } from "./watch.js";

export interface RunOptions {
  readonly bus: BusName;
  readonly fault: FaultName;
  readonly broker: BenchBroker;
  readonly network: Network;
  readonly rate: number;
  readonly heartbeatInterval: number;
  readonly progress: Progress;
}

/** One run: a row for each direction. */
export interface Run {
  readonly bus: BusName;
  readonly fault: FaultName;
  /** How long the fault lasted, in milliseconds. */
  readonly lasted: number;
  readonly figures: readonly Figures[];
  /** What the bus of the host under fault told from the fault on; `at` counts from its begin. */
  readonly statuses: readonly HostStatus[];
}

/** How long traffic is steady before a fault, and after the last direction is open again. */
const STEADY_MS = 3_000;

/** Python's pauses between its attempts to reconnect double, so it may need long. */
const RECOVERY_PATIENCE_MS = 60_000;

const BARRIER_PATIENCE_MS = 30_000;

interface Way {
  readonly direction: Direction;
  readonly client: Watch;
  readonly senders: () => readonly string[];
}

function waysOf({ host, python, clients }: Fleet): readonly [Way, Way, Way] {
  return [
    { direction: "python → node", client: clients.ofHost, senders: () => [python.sender] },
    { direction: "node → python", client: clients.ofPython, senders: () => host.senders },
    { direction: "node → other node", client: clients.ofOther, senders: () => host.senders },
  ];
}

async function inTime(promise: Promise<void>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

async function flowing(ways: readonly Way[], since: number): Promise<void> {
  await Promise.all(
    ways.map(({ client, senders }) => inTime(client.hears(String(senders().at(-1)), since, RECOVERY_PATIENCE_MS))),
  );
}

/** Resolves when all that was sent must have arrived; tells of which directions that is known. */
async function settle(
  fleet: Fleet,
  ways: readonly Way[],
): Promise<{ python: PythonSent; settled: readonly boolean[] }> {
  fleet.host.finish();
  const python = await fleet.python.finish();
  const settled = await Promise.all(
    ways.map(({ client, senders }) => inTime(client.reachesBarrier(String(senders().at(-1)), BARRIER_PATIENCE_MS))),
  );
  // Its last words are how much was confirmed.
  await fleet.host.end();
  return { python, settled };
}

function evidenceOf(
  fleet: Fleet,
  ways: readonly Way[],
  fault: Span,
  { python, settled }: Awaited<ReturnType<typeof settle>>,
) {
  const ready = fleet.host.statuses.find(({ type, at }) => type === "ready" && at > fault.from)?.at ?? fault.to;
  return ways.map(({ direction, client }, index): Evidence => {
    const isFromPython = direction === "python → node";
    const common = {
      direction,
      arrivals: client.arrivals,
      witness: fleet.clients.ofOther.arrivals,
      isSettled: settled[index] === true,
    };
    return isFromPython
      ? {
          ...common,
          sent: [python],
          pythonBack: python.acceptedAt.find((at) => at >= fault.to),
          acceptedUnheard: python.acceptedAt.filter((at) => at >= fault.from && at <= ready).length,
        }
      : { ...common, sent: fleet.host.sent() };
  });
}

/** @throws Error when the fleet cannot be started */
export async function measure({
  bus,
  fault,
  broker,
  network,
  rate,
  heartbeatInterval,
  progress,
}: RunOptions): Promise<Run> {
  progress.phase("starting the fleet");
  const fleet = await startFleet({ url: broker.url, network, rate, heartbeatInterval });
  const ways = waysOf(fleet);
  try {
    progress.watch(
      ways.map(({ direction, client, senders }) => ({
        title: direction,
        count: () => client.arrivals.filter(({ sender }) => senders().includes(sender)).length,
      })),
    );
    fleet.host.send(rate);
    fleet.python.send();
    await flowing(ways, 0);
    progress.phase("steady");
    await pause(STEADY_MS);
    progress.phase("fault");
    const span = await FAULTS[fault]({ broker, network, host: fleet.host, rate });
    progress.phase("recovering");
    await flowing(ways, span.to);
    progress.phase("steady again");
    await pause(STEADY_MS);
    progress.phase("waiting for the last message");
    const evidence = evidenceOf(fleet, ways, span, await settle(fleet, ways));
    return {
      bus,
      fault,
      lasted: span.to - span.from,
      figures: evidence.map((each) => figuresOf(bus, fault, span, each)),
      statuses: fleet.host.statuses
        .filter(({ at, type }) => at >= span.from && type !== "closed")
        .map((status) => ({ ...status, at: Math.round(status.at - span.from) })),
    };
  } finally {
    network.heal();
    await fleet.end();
  }
}
