import { randomBytes } from "node:crypto";
import type { PeerKind } from "../src/testing/python-peer.js";
import { Unavailable } from "../src/testing/python-program.js";
import { ManualScope } from "../src/testing/scope.js";
import { waitTimeout, withTimeout } from "../src/testing/with-timeout.js";
import { schemeOf } from "./broker-url.js";
import type { Tap } from "./channel-tap.js";
import { limitOf, missingManager } from "./known-limits.js";
import { readEvidence } from "./record-evidence.js";
import type { Cell, Evidence, Report } from "./report/report.js";
import { Fleets, GivenUp } from "./restartable-testbed.js";
import type { Progress } from "./run-interop.js";
import type { Context, Scenario } from "./scenarios/scenario.js";
import type { MixedFleet, MixedFleetOptions, NamedClient } from "./testbed.js";

export interface CellsOptions extends Omit<MixedFleetOptions, "kind"> {
  readonly tap: Tap;
  /** Of python-socketio. */
  readonly release: string;
  readonly kinds: readonly PeerKind[];
  readonly scenarios: readonly Scenario[];
  /** Longest that is waited for one thing, in milliseconds. */
  readonly patience: number;
  readonly onProgress: (progress: Progress) => void;
}

/** A scenario may wait for several things, one after the other. */
const DEADLINE_IN_PATIENCES = 3;
/** What that release cannot do is mostly never to come. */
const PATIENCE_WITH_LIMITS_MS = 2_000;

/** Why a scenario does not pass. */
interface Problem {
  readonly reason: string;
  readonly evidence: Evidence;
}

/** What a scenario gets, and the clients that it has made. */
function contextOf(scope: ManualScope, prefix: string, fleet: MixedFleet, clients: NamedClient[]): Context {
  const own = (name: string) => prefix + name;
  const connect = (on: "node" | "python"): Context["connectToNode"] => {
    return async (options) => {
      const { name, client } = await fleet.connect(scope, on, options);
      clients.push({ name: `${name}, number ${clients.length + 1}`, client });
      return client;
    };
  };
  return {
    kind: fleet.kind,
    node: fleet.node,
    emitter: fleet.emitter,
    python: fleet.python,
    nodeClients: fleet.nodeClients.map(({ client }) => client),
    pythonClients: fleet.pythonClients.map(({ client }) => client),
    own,
    connectToNode: connect("node"),
    connectToPython: connect("python"),
    received: async (client, ...last) => {
      const names = last.map(own);
      await Promise.all(names.map((name) => client.until(name)));
      return client.received().filter(([name]) => String(name).startsWith(prefix) && !names.includes(String(name)));
    },
  };
}

async function attempt(scenario: Scenario, context: Context, time: number): Promise<string | undefined> {
  try {
    const run = waitTimeout.run(time, () => scenario.run(context));
    await withTimeout(`the end of ${scenario.name}`, run, DEADLINE_IN_PATIENCES * time);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function runScenario(
  scenario: Scenario,
  fleets: Fleets,
  fleet: MixedFleet,
  time: number,
  { tap }: CellsOptions,
): Promise<Problem | undefined> {
  const scope = new ManualScope();
  const clients = [...fleet.nodeClients, ...fleet.pythonClients];
  const prefix = `${scenario.name}#${randomBytes(2).toString("hex")} `;
  const evidence = readEvidence(prefix, fleet, clients, tap);
  try {
    const during = await attempt(scenario, contextOf(scope, prefix, fleet, clients), time);
    // What was still on its way has arrived after this, too.
    const after = await fleets.check();
    const reason = during ?? after;
    return reason === undefined ? undefined : { reason, evidence: evidence() };
  } finally {
    await scope.end();
  }
}

function failure(kind: PeerKind, scenario: Scenario, reason: string): Omit<Cell, "milliseconds"> {
  return { scenario: scenario.name, kind, direction: scenario.direction, result: "fail", reason };
}

/** @param hasFailed - whether another scenario has, with this kind: what ends a fleet is then no limit of the release */
async function runCell(
  scenario: Scenario,
  fleets: Fleets,
  kind: PeerKind,
  options: CellsOptions,
  hasFailed: boolean,
): Promise<Omit<Cell, "milliseconds">> {
  const failed = failure.bind(undefined, kind, scenario);
  const scheme = schemeOf(options.queue);
  const missing = missingManager(scheme, kind);
  if (missing !== undefined) {
    return { ...failed(missing), result: "unavailable", notTried: true };
  }
  const limit = limitOf({ release: options.release, scheme, scenario: scenario.name, kind });
  let fleet: MixedFleet;
  try {
    fleet = await waitTimeout.run(DEADLINE_IN_PATIENCES * options.patience, () => fleets.current());
  } catch (error) {
    if (limit !== undefined && error instanceof GivenUp && !hasFailed) {
      return { ...failed(limit), result: "cannot", notTried: true };
    }
    const result = error instanceof Unavailable ? "unavailable" : "fail";
    return { ...failed((error as Error).message), result, notTried: true };
  }
  const time = limit === undefined ? options.patience : Math.min(options.patience, PATIENCE_WITH_LIMITS_MS);
  const problem = await runScenario(scenario, fleets, fleet, time, options);
  if (limit !== undefined) {
    return problem === undefined ? failed(`works although: ${limit}`) : { ...failed(limit), result: "cannot" as const };
  }
  return problem === undefined
    ? { scenario: scenario.name, kind, direction: scenario.direction, result: "pass" as const }
    : { ...failed(problem.reason), ...problem };
}

/** Every scenario with every kind that it applies to, one after the other, kind by kind. Never rejects. */
export async function runCells(options: CellsOptions): Promise<Pick<Report, "cells" | "notes">> {
  const { kinds, scenarios, onProgress } = options;
  const total = kinds.flatMap((kind) => scenarios.filter((scenario) => scenario.kinds.includes(kind))).length;
  const cells: Cell[] = [];
  const notes = new Set<string>();
  for (const kind of kinds) {
    onProgress({ type: "starting", kind });
    const fleets = new Fleets({ ...options, kind }, (note) => notes.add(note));
    for (const scenario of scenarios.filter((one) => one.kinds.includes(kind))) {
      const begun = performance.now();
      const hasFailed = cells.some((cell) => cell.kind === kind && cell.result === "fail");
      const outcome = await runCell(scenario, fleets, kind, options, hasFailed);
      const cell = { ...outcome, milliseconds: Math.round(performance.now() - begun) };
      cells.push(cell);
      onProgress({ type: "cell", cell, done: cells.length, total });
    }
    await fleets.end();
    onProgress({ type: "finished", kind });
  }
  return { cells, notes: [...notes] };
}
