import { setTimeout as pause } from "node:timers/promises";
import type { Span } from "../shared/clock.js";
import type { Progress } from "../shared/progress.js";
import { type Evidence, type Figures, figuresOf, IN_FLIGHT_MS } from "./figures.js";
import type { BusName, Direction, FaultName } from "./names.js";
import type { Network } from "./network.js";
import type { NumberedClient } from "./numbered-client.js";
import type { PythonSent } from "./python-programs.js";
import { startTestbed, type Testbed } from "./testbed.js";
import type { HostStatus } from "./tested-host.js";
import { meterLines } from "./throughput-meters.js";

export interface RunOptions {
  readonly bus: BusName;
  readonly fault: FaultName;
  readonly url: string;
  /** For aio-pika, where that differs. */
  readonly asyncUrl?: string | undefined;
  /** @returns the period of the fault */
  inflict(testbed: Testbed): Promise<Span>;
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
  /** Status changes of the tested host; `at` counts from the start of the fault. */
  readonly statuses: readonly HostStatus[];
}

/** How long traffic is steady before a fault, and after it has recovered in every direction. */
const STEADY_MS = 3_000;

/** Python doubles its delay after each failed attempt to reconnect, so it may take long. */
const RECOVERY_TIMEOUT_MS = 60_000;

const BARRIER_TIMEOUT_MS = 30_000;

/** A direction of traffic in a testbed. */
interface Flow {
  readonly direction: Direction;
  readonly client: NumberedClient;
  /** The current senders. */
  readonly senders: () => readonly string[];
  readonly allSenders: () => readonly string[];
}

function flowsOf({ host, python, clients }: Testbed): readonly Flow[] {
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

async function flowing(flows: readonly Flow[], since: number): Promise<void> {
  await Promise.all(flows.map(({ client, senders }) => inTime(client.receives(senders(), since, RECOVERY_TIMEOUT_MS))));
}

interface Settled {
  readonly python: readonly PythonSent[];
  /** For each flow, whether everything that was sent must have arrived. */
  readonly isSettled: readonly boolean[];
}

async function settle({ host, python }: Testbed, flows: readonly Flow[]): Promise<Settled> {
  host.finish();
  const sent = await python.finish();
  const isSettled = await Promise.all(
    flows.map(({ client, senders }) => inTime(client.reachesBarrier(senders(), BARRIER_TIMEOUT_MS))),
  );
  // Its last line says how much was confirmed.
  await host.end();
  return { python: sent, isSettled };
}

/** @param lossSince - the broker may lose what it accepted from then on until the host is subscribed again */
function evidenceOf(
  { host, clients }: Testbed,
  flows: readonly Flow[],
  fault: Span,
  lossSince: number,
  { python, isSettled }: Settled,
) {
  const ready = host.statuses.find(({ type, at }) => type === "ready" && at > fault.from)?.at ?? fault.to;
  // A new process has to load its modules before its bus can connect.
  const started = host.statuses.find(({ type, at }) => type === "connecting" && at > fault.from)?.at ?? fault.to;
  const acceptedAt = python.flatMap((sent) => sent.acceptedAt).sort((one, other) => one - other);
  return flows.map(({ direction, client, senders }, index): Evidence => {
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
          externalDelayUntil: Math.max(started, acceptedAt.find((at) => at >= fault.to) ?? fault.to),
          acceptedBeforeSubscribed: acceptedAt.filter((at) => at >= lossSince && at <= ready).length,
        }
      : { ...common, sent: host.sent(), externalDelayUntil: started };
  });
}

/** Without repetitions, and without the final one. */
function changes(statuses: readonly HostStatus[], since: number): readonly HostStatus[] {
  return statuses
    .filter(({ at, type }) => at >= since && type !== "closed")
    .filter(({ type, error }, index, all) => type !== all[index - 1]?.type || error !== all[index - 1]?.error)
    .map(({ type, error, at }) => ({ type, error, at: Math.round(at - since) }));
}

/** @throws Error when the testbed cannot be started */
export async function measure({
  bus,
  fault,
  url,
  asyncUrl,
  inflict,
  network,
  rate,
  heartbeatInterval,
  progress,
}: RunOptions): Promise<Run> {
  progress.phase("starting the hosts");
  const testbed = await startTestbed({ bus, url, asyncUrl, network, rate, heartbeatInterval });
  const flows = flowsOf(testbed);
  try {
    const meters = flows.map(({ direction, client, allSenders }) => ({
      title: direction,
      count: () => client.arrivals.filter(({ sender }) => allSenders().includes(sender)).length,
    }));
    progress.watch(meterLines(meters, rate));
    testbed.host.send(rate);
    testbed.python.send();
    await flowing(flows, 0);
    progress.phase("steady");
    await pause(STEADY_MS);
    progress.phase("fault");
    const span = await inflict(testbed);
    progress.phase("recovering");
    await flowing(flows, span.to);
    progress.phase("steady again");
    await pause(STEADY_MS);
    progress.phase("waiting for the last message");
    // With its node a queue is lost, and what was still in it.
    const lossSince = fault === "failover" ? span.from - IN_FLIGHT_MS : span.from;
    const evidence = evidenceOf(testbed, flows, span, lossSince, await settle(testbed, flows));
    return {
      bus,
      fault,
      figures: evidence.map((each) => figuresOf(bus, fault, span, each)),
      statuses: changes(testbed.host.statuses, span.from),
    };
  } finally {
    network.heal();
    await testbed.end();
  }
}
