import type { Report } from "../../../interop/report/report.js";
import { runInterop } from "../../../interop/run-interop.js";
import type { PeerKind } from "../../../src/testing/python-peer.js";
import { limitedTo } from "./at-once.js";
import { connectToEngine, type Engine } from "./engine.js";
import { type ContainedRedis, startRedis } from "./redis.js";
import { type RowContainer, startRow } from "./row-container.js";
import type { MatrixRow } from "./rows.js";

/** What a row came to with one kind of peer. */
export interface MatrixEntry {
  readonly row: MatrixRow;
  readonly report: Report;
}

/** Fleets mostly wait for one another; more of them than this wait for the processor. */
const FLEETS_AT_ONCE = 3;

/** One Redis, and a container per release line, each started when it is needed. */
export class Matrix {
  readonly entries: MatrixEntry[] = [];
  readonly #engine: Engine;
  readonly #redis: ContainedRedis;
  readonly #containers = new Map<string, Promise<RowContainer>>();
  readonly #atOnce = limitedTo(FLEETS_AT_ONCE);

  constructor(engine: Engine, redis: ContainedRedis) {
    this.#engine = engine;
    this.#redis = redis;
  }

  /** Of the Redis. */
  get url(): string {
    return this.#redis.url;
  }

  /** Every scenario with one kind of peer of one release line. */
  run(row: MatrixRow, kind: PeerKind): Promise<Report> {
    return this.#atOnce(async () => {
      const { python } = await this.container(row);
      const report = await runInterop({ python, queue: this.#redis.url, kinds: [kind] });
      this.entries.push({ row, report });
      return report;
    });
  }

  container(row: MatrixRow): Promise<RowContainer> {
    const container = this.#containers.get(row.release) ?? startRow(this.#engine, row);
    this.#containers.set(row.release, container);
    return container;
  }

  /** @returns the commands of the programs that had not ended by themselves */
  async end(): Promise<readonly string[]> {
    const started = await Promise.allSettled(this.#containers.values());
    const containers = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const left = await Promise.all(containers.map((container) => container.programs()));
    await Promise.all([this.#redis.stop(), ...containers.map((container) => container.stop())]);
    return left.flat();
  }
}

/** @throws Error that says what to start, or which image to make */
export async function startMatrix(): Promise<Matrix> {
  const engine = await connectToEngine();
  return new Matrix(engine, await startRedis(engine));
}
