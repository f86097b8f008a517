import type { Report } from "../../../interop/report/report.js";
import { runInterop } from "../../../interop/run-interop.js";
import type { PeerKind } from "../../../src/testing/python-peer.js";
import { limitedTo } from "./at-once.js";
import { type BrokerName, type ContainedBroker, startBroker } from "./brokers.js";
import { connectToEngine, type Engine } from "./engine.js";
import { type RowContainer, startRow } from "./row-container.js";
import type { MatrixRow } from "./rows.js";

/** What a row came to over one broker, with one kind of peer. */
export interface MatrixEntry {
  readonly row: MatrixRow;
  readonly broker: BrokerName;
  readonly report: Report;
}

/** Fleets mostly wait for one another; more of them than this wait for the processor. */
const FLEETS_AT_ONCE = 4;

/** One broker of each sort, and a container per release line, each started when it is needed. */
export class Matrix {
  readonly entries: MatrixEntry[] = [];
  readonly #engine: Engine;
  readonly #brokers = new Map<BrokerName, Promise<ContainedBroker>>();
  readonly #containers = new Map<string, Promise<RowContainer>>();
  readonly #atOnce = limitedTo(FLEETS_AT_ONCE);

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Every scenario over one broker, with one kind of peer of one release line. */
  run(row: MatrixRow, broker: BrokerName, kind: PeerKind): Promise<Report> {
    return this.#atOnce(async () => {
      const [{ python }, { url }] = await Promise.all([this.container(row), this.broker(broker)]);
      const report = await runInterop({ python, queue: url, kinds: [kind] });
      this.entries.push({ row, broker, report });
      return report;
    });
  }

  broker(name: BrokerName): Promise<ContainedBroker> {
    const broker = this.#brokers.get(name) ?? startBroker(this.#engine, name);
    this.#brokers.set(name, broker);
    return broker;
  }

  container(row: MatrixRow): Promise<RowContainer> {
    const container = this.#containers.get(row.release) ?? startRow(this.#engine, row);
    this.#containers.set(row.release, container);
    return container;
  }

  /** @returns the commands of the programs that had not ended by themselves */
  async end(): Promise<readonly string[]> {
    const containers = await fulfilled(this.#containers.values());
    const left = await Promise.all(containers.map((container) => container.programs()));
    const brokers = await fulfilled(this.#brokers.values());
    await Promise.all([...brokers.map((broker) => broker.kill()), ...containers.map((container) => container.stop())]);
    return left.flat();
  }
}

async function fulfilled<Value>(promises: Iterable<Promise<Value>>): Promise<readonly Value[]> {
  const settled = await Promise.allSettled(promises);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

/** @throws Error that says what to start */
export async function startMatrix(): Promise<Matrix> {
  return new Matrix(await connectToEngine());
}
