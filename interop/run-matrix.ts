import { randomBytes } from "node:crypto";
import { Unavailable } from "../src/testing/program.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import { ManualScope } from "../src/testing/scope.js";
import { waitTimeout, withTimeout } from "../src/testing/with-timeout.js";
import { schemeOf } from "./broker-url.js";
import type { ChannelTap } from "./channel-tap.js";
import { knownLimit, unsupportedPeer } from "./known-limits.js";
import type { Progress } from "./progress.js";
import { recordEvidence } from "./record-evidence.js";
import type { Cell, Evidence, Report } from "./report/report.js";
import { GivenUp, RestartableTestbed } from "./restartable-testbed.js";
import type { Context, Scenario } from "./scenarios/scenario.js";
import type { NamedClient, Testbed, TestbedOptions } from "./testbed.js";

export interface MatrixOptions extends Omit<TestbedOptions, "kind"> {
  readonly tap: ChannelTap;
  /** Of python-socketio. */
  readonly release: string;
  readonly kinds: readonly PeerKind[];
  readonly scenarios: readonly Scenario[];
  /** Longest wait for any one thing, in milliseconds. */
  readonly timeout: number;
  readonly onProgress: (progress: Progress) => void;
}

/** A scenario may wait for several things, one after the other: its deadline, in timeouts. */
const TIMEOUTS_PER_SCENARIO = 3;
/** What a release cannot do mostly never happens, so there is no point in waiting long for it. */
const TIMEOUT_WITH_LIMIT_MS = 2_000;

/** Why a scenario does not pass. */
interface Problem {
  readonly reason: string;
  readonly evidence: Evidence;
}

/** A cell without its duration, which is measured around it. */
type Outcome = Omit<Cell, "milliseconds">;

/** @param clients - collects the clients that the scenario connects */
function contextOf(scope: ManualScope, prefix: string, testbed: Testbed, clients: NamedClient[]): Context {
  const own = (name: string) => prefix + name;
  const connect = (on: "node" | "python"): Context["connectToNode"] => {
    return async (options) => {
      const { name, client } = await testbed.connect(scope, on, options);
      clients.push({ name: `${name}, number ${clients.length + 1}`, client });
      return client;
    };
  };
  return {
    kind: testbed.kind,
    node: testbed.node,
    emitter: testbed.emitter,
    python: testbed.python,
    nodeClients: testbed.nodeClients.map(({ client }) => client),
    pythonClients: testbed.pythonClients.map(({ client }) => client),
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

/** @returns the reason why it failed */
async function attempt(scenario: Scenario, context: Context, timeout: number): Promise<string | undefined> {
  try {
    const run = waitTimeout.run(timeout, () => scenario.run(context));
    await withTimeout(`the end of ${scenario.name}`, run, TIMEOUTS_PER_SCENARIO * timeout);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function runScenario(
  scenario: Scenario,
  restartable: RestartableTestbed,
  testbed: Testbed,
  timeout: number,
  tap: ChannelTap,
): Promise<Problem | undefined> {
  const scope = new ManualScope();
  const clients = [...testbed.nodeClients, ...testbed.pythonClients];
  const prefix = `${scenario.name}#${randomBytes(2).toString("hex")} `;
  const evidence = recordEvidence(prefix, testbed, clients, tap);
  try {
    const during = await attempt(scenario, contextOf(scope, prefix, testbed, clients), timeout);
    // The check also waits for everything that was still on its way.
    const after = await restartable.check();
    const reason = during ?? after;
    return reason === undefined ? undefined : { reason, evidence: evidence() };
  } finally {
    await scope.end();
  }
}

/**
 * @param hasFailed - whether another scenario failed with this kind of peer: what breaks a testbed is then not a limit
 * of the release
 */
async function runCell(
  scenario: Scenario,
  restartable: RestartableTestbed,
  kind: PeerKind,
  options: MatrixOptions,
  hasFailed: boolean,
): Promise<Outcome> {
  const { name, direction } = scenario;
  const cell = { scenario: name, kind, direction };
  const scheme = schemeOf(options.queue);
  const { release, encoding } = options;
  const unsupported = unsupportedPeer({ scheme, kind, encoding });
  if (unsupported !== undefined) {
    return { ...cell, result: "unavailable", reason: unsupported, notTried: true };
  }
  const limit = knownLimit({ release, scheme, scenario: name, kind, encoding });
  let testbed: Testbed;
  try {
    testbed = await waitTimeout.run(TIMEOUTS_PER_SCENARIO * options.timeout, () => restartable.current());
  } catch (error) {
    const isMissing = error instanceof Unavailable;
    if (limit !== undefined && !isMissing && (limit.isEverything || (error instanceof GivenUp && !hasFailed))) {
      return { ...cell, result: "cannot", reason: limit.reason, notTried: true };
    }
    const result = isMissing ? "unavailable" : "fail";
    return { ...cell, result, reason: (error as Error).message, notTried: true };
  }
  const timeout = limit === undefined ? options.timeout : Math.min(options.timeout, TIMEOUT_WITH_LIMIT_MS);
  const problem = await runScenario(scenario, restartable, testbed, timeout, options.tap);
  if (limit !== undefined) {
    return problem === undefined
      ? { ...cell, result: "fail", reason: `works although: ${limit.reason}` }
      : { ...cell, result: "cannot", reason: limit.reason };
  }
  return problem === undefined ? { ...cell, result: "pass" } : { ...cell, result: "fail", ...problem };
}

/** Runs every scenario with every kind of peer that it applies to, serially, one kind after the other. Never rejects. */
export async function runMatrix(options: MatrixOptions): Promise<Pick<Report, "cells" | "notes">> {
  const { kinds, scenarios, onProgress } = options;
  const total = kinds.flatMap((kind) => scenarios.filter((scenario) => scenario.kinds.includes(kind))).length;
  const cells: Cell[] = [];
  const notes = new Set<string>();
  for (const kind of kinds) {
    onProgress({ type: "starting", kind });
    const restartable = new RestartableTestbed({ ...options, kind }, (note) => notes.add(note));
    for (const scenario of scenarios.filter((one) => one.kinds.includes(kind))) {
      const start = performance.now();
      const hasFailed = cells.some((cell) => cell.kind === kind && cell.result === "fail");
      const outcome = await runCell(scenario, restartable, kind, options, hasFailed);
      const cell = { ...outcome, milliseconds: Math.round(performance.now() - start) };
      cells.push(cell);
      onProgress({ type: "cell", cell, done: cells.length, total });
    }
    await restartable.end();
    onProgress({ type: "finished", kind });
  }
  return { cells, notes: [...notes] };
}
