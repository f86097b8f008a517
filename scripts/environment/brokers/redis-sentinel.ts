import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { freePort } from "../free-port.js";
import { launchRedis, startServer, type TestRedis } from "./redis.js";
import type { EndServer } from "./server.js";

const SERVICE = "mymaster";
const SENTINELS = 3;
const QUORUM = 2;

/** A primary that has not answered for as long, in milliseconds, is taken for dead. */
const DOWN_AFTER_MS = 1_000;

const POLL_MS = 50;

/** A primary and a replica, and three Sentinels that promote the replica. */
export interface TestSentinels {
  /** Names all Sentinels. */
  readonly url: string;
  readonly primary: TestRedis;
  readonly replica: TestRedis;
  /** Kills the primary. Resolves when the Sentinels name the replica instead. */
  crashPrimary(): Promise<void>;
  /** As an operator does it, while the primary runs. Resolves when the Sentinels name the replica. */
  failOver(): Promise<void>;
  kill(): Promise<void>;
}

interface Sentinel {
  readonly port: number;
  readonly client: Redis;
  end(): Promise<void>;
}

async function launchSentinel(primary: TestRedis): Promise<Sentinel> {
  const port = await freePort();
  // Sentinel rewrites its own file.
  const directory = mkdtempSync(join(tmpdir(), "sentinel-"));
  const file = join(directory, "sentinel.conf");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `sentinel monitor ${SERVICE} 127.0.0.1 ${primary.port} ${QUORUM}`,
    `sentinel down-after-milliseconds ${SERVICE} ${DOWN_AFTER_MS}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  const end: EndServer = await startServer([file, "--sentinel"], "+monitor master", [file]);
  const client = new Redis({ port, host: "127.0.0.1" });
  client.on("error", () => {});
  return {
    port,
    client,
    end: async () => {
      client.disconnect();
      await end();
      rmSync(directory, { recursive: true });
    },
  };
}

/** Whether it could decide on a failover now: it knows the other Sentinels, and a replica that is in step. */
async function isWatching({ client }: Sentinel): Promise<boolean> {
  const quorum = await client.call("SENTINEL", "CKQUORUM", SERVICE).catch(() => undefined);
  const replicas = (await client.call("SENTINEL", "REPLICAS", SERVICE)) as string[][];
  return quorum !== undefined && replicas.some((fields) => fields[fields.indexOf("master-link-status") + 1] === "ok");
}

async function namesPrimary({ client }: Sentinel, { port }: TestRedis): Promise<boolean> {
  const [, named] = (await client.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)) as string[];
  return Number(named) === port;
}

/** Asks each of them until it is so. */
async function untilAll(
  what: string,
  sentinels: readonly Sentinel[],
  isSo: (sentinel: Sentinel) => Promise<boolean>,
): Promise<void> {
  const become = async (sentinel: Sentinel) => {
    while (!(await isSo(sentinel))) {
      await pause(POLL_MS);
    }
  };
  await withTimeout(what, Promise.all(sentinels.map(become)));
}

/** Starts them. They live until they are killed. */
export async function launchSentinels(): Promise<TestSentinels> {
  // A replica writes there what it copies.
  const directory = mkdtempSync(join(tmpdir(), "redis-"));
  const primary = await launchRedis(["--dir", directory]);
  const replica = await launchRedis(["--dir", directory, "--replicaof", "127.0.0.1", String(primary.port)]);
  const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => launchSentinel(primary)));
  await untilAll("the Sentinels to know each other", sentinels, isWatching);
  const untilPromoted = () =>
    untilAll("the Sentinels to name the replica", sentinels, (sentinel) => namesPrimary(sentinel, replica));
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/0/${SERVICE}`,
    primary,
    replica,
    crashPrimary: async () => {
      await primary.crash();
      await untilPromoted();
    },
    failOver: async () => {
      await sentinels[0]?.client.call("SENTINEL", "FAILOVER", SERVICE);
      await untilPromoted();
    },
    kill: async () => {
      await Promise.all(sentinels.map((sentinel) => sentinel.end()));
      await Promise.all([primary.kill(), replica.kill()]);
      rmSync(directory, { recursive: true });
    },
  };
}
