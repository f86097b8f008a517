import { serverContainer } from "../../../scripts/environment/brokers/server.js";
import { freePort } from "../../../scripts/environment/free-port.js";
import { type Engine, requireImage } from "./engine.js";

export const REDIS_IMAGE = "redis:7-alpine";

export interface ContainedRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis for this run alone. */
export async function startRedis(engine: Engine): Promise<ContainedRedis> {
  await requireImage(engine, REDIS_IMAGE);
  const port = await freePort();
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  // Whether there is a reaper was settled when the engine was connected.
  const image = { kind: "container", image: REDIS_IMAGE, reaper: true } as const;
  const stop = await serverContainer(image, ["redis-server", ...options], "Ready to accept connections");
  return { url: `redis://127.0.0.1:${port}`, stop: () => stop() };
}
