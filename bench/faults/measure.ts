import { setTimeout as pause } from "node:timers/promises";
import type { Span } from "../shared/clock.js";
import type { Progress } from "../shared/progress.js";
import type { BenchBroker } from "./brokers.js";
import { FAULTS } from "./faults.js";
import { type Evidence, type Figures, figuresOf } from "./figures.js";
import { type Testbed, startTestbed } from "./testbed.js";
import { meterLines } from "./throughput-meters.js";
import type { BusName, Direction, FaultName } from "./names.js";
import type { Network } from "./network.js";
import type { PythonSent } from "./python-programs.js";
import type { HostStatus } from "./tested-host.js";
import type { NumberedClient } from "./numbered-client.js";

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
  readonly figures: readonly Figures[];
  /** How the status of the host under fault changed; `at` counts from the begin of the fault. */
  readonly statuses: readonly HostStatus[];
}

/** How long traffic is steady before a fault, and after the last direction is open again. */
const STEADY_MS = 3_000;

/** Python's pauses between its attempts to reconnect double, so it may need long. */
const RECOVERY_PATIENCE_MS = 60_000;

const BARRIER_PATIENCE_MS = 30_000;

interface Way {
  readonly direction: Direction;
  readonly client: NumberedClient;
  /** Those that send at present. */
  readonly senders: () => readonly string[];
  readonly allSenders: () => readonly string[];
}

function waysOf({ host, python, clients }: Testbed): readonly Way[] {
  const ofPython = { senders: () => python.names, allSenders: () => python.names };
  const ofHost = { senders: () => [host.sender], allSenders: () => host.allSenders };
  return [
    { direction: "python → node", client: clients.ofHost, ...ofPython },
    { direction: "node → python", client: clients.ofPython, ...ofHost },
    ...(clients.ofAsyncPython === undefined
      ? []
      : [{ direction: "node → async python", client: clients.ofAsyncPython, ...ofHost } as const]),
    { direction: "node → other node", client: clients.ofOther, ...ofHost },
  ];
}

async function inTime(promise: Promise<void>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

async function flowing(ways: readonly Way[], since: number): Promise<void> {
  await Promise.all(ways.map(({ client, senders }) => inTime(client.hears(senders(), since, RECOVERY_PATIENCE_MS))));
}

interface Settled {
  readonly python: readonly PythonSent[];
  /** For each way, whether all that was sent must have arrived. */
  readonly isSettled: readonly boolean[];
}

async function settle({ host, python }: Testbed, ways: readonly Way[]): Promise<Settled> {
  host.finish();
  const sent = await python.finish();
  const isSettled = await Promise.all(
    ways.map(({ client, senders }) => inTime(client.reachesBarrier(senders(), BARRIER_PATIENCE_MS))),
  );
  // Its last words are how much was confirmed.
  await host.end();
  return { python: sent, isSettled };
}

function evidenceOf({ host, clients }: Testbed, ways: readonly Way[], fault: Span, { python, isSettled }: Settled) {
  const ready = host.statuses.find(({ type, at }) => type === "ready" && at > fault.from)?.at ?? fault.to;
  // A process that is started has to load its modules before its bus can connect.
  const started = host.statuses.find(({ type, at }) => type === "connecting" && at > fault.from)?.at ?? fault.to;
  const acceptedAt = python.flatMap((sent) => sent.acceptedAt).sort((one, other) => one - other);
  return ways.map(({ direction, client, senders }, index): Evidence => {
    const common = {
      direction,
      senders: senders(),
      arrivals: client.arrivals,
      witness: clients.ofOther.arrivals,
      isSettled: isSettled[index] === true,
    };
    return direction === "python → node"
      ? {
          ...common,
          sent: python,
          excusedUntil: Math.max(started, acceptedAt.find((at) => at >= fault.to) ?? fault.to),
          acceptedUnheard: acceptedAt.filter((at) => at >= fault.from && at <= ready).length,
        }
      : { ...common, sent: host.sent(), excusedUntil: started };
  });
}

/** Without those that repeat the one before, and the end. */
function changes(statuses: readonly HostStatus[], since: number): readonly HostStatus[] {
  return statuses
    .filter(({ at, type }) => at >= since && type !== "closed")
    .filter(({ type, error }, index, all) => type !== all[index - 1]?.type || error !== all[index - 1]?.error)
    .map(({ type, error, at }) => ({ type, error, at: Math.round(at - since) }));
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
  const fleet = await startTestbed({ bus, url: broker.url, network, rate, heartbeatInterval });
  const ways = waysOf(fleet);
  try {
    const meters = ways.map(({ direction, client, allSenders }) => ({
      title: direction,
      count: () => client.arrivals.filter(({ sender }) => allSenders().includes(sender)).length,
    }));
    progress.watch(meterLines(meters, rate));
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
      figures: evidence.map((each) => figuresOf(bus, fault, span, each)),
      statuses: changes(fleet.host.statuses, span.from),
    };
  } finally {
    network.heal();
    await fleet.end();
  }
}
