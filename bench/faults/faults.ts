import { setTimeout as pause } from "node:timers/promises";
import { now, type Span } from "../shared/clock.js";
import type { BenchBroker } from "./brokers.js";
import type { BenchCluster } from "./clusters.js";
import { BLACK_HOLE_MS, BLOCKED_MS, CUT_MS, type FaultName } from "./names.js";
import type { Network } from "./network.js";
import type { TestedHost } from "./tested-host.js";

/** What a fault acts on. */
export interface Scene {
  readonly broker: BenchBroker;
  readonly network: Network;
  readonly host: TestedHost;
  readonly rate: number;
}

/** @returns the period from the fault until the broker is reachable, the loop is free, or the process has been started */
type Fault = (scene: Scene) => Promise<Span>;

async function restart({ broker }: Scene): Promise<Span> {
  const from = now();
  await broker.crash();
  await broker.start();
  return { from, to: now() };
}

async function cut({ network, broker }: Scene): Promise<Span> {
  const from = now();
  network.cut(broker.port);
  await pause(CUT_MS);
  const to = now();
  network.heal();
  return { from, to };
}

async function blackHole({ network, broker }: Scene): Promise<Span> {
  const from = now();
  network.dropPackets(broker.port);
  await pause(BLACK_HOLE_MS);
  const to = now();
  network.heal();
  return { from, to };
}

async function killed({ host, rate }: Scene): Promise<Span> {
  const from = now();
  await host.kill();
  const to = now();
  await host.start();
  host.send(rate);
  return { from, to };
}

/** @returns the period from the loss of a node until another one has taken its place */
export async function failOver(cluster: BenchCluster, channel: string): Promise<Span> {
  const from = now();
  await cluster.lose(channel);
  return { from, to: now() };
}

/** With a broker of one node. */
export const FAULTS: Readonly<Record<Exclude<FaultName, "failover">, Fault>> = {
  restart,
  cut,
  "black-hole": blackHole,
  "blocked-loop": ({ host }) => host.block(BLOCKED_MS),
  killed,
};

/** Faults for which the tested host needs a network namespace. */
export const NETWORK_FAULTS: readonly FaultName[] = ["cut", "black-hole"];
