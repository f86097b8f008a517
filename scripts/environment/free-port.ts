import { randomInt } from "node:crypto";
import { createServer } from "node:net";

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  const bound = new Promise<boolean>((resolve) => {
    probe.once("listening", () => resolve(true)).once("error", () => resolve(false));
  });
  probe.listen(port, "127.0.0.1");
  const free = await bound;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

/**
 * Not one of those that a system hands out by itself, from 32768 on: any of these may go to another socket before the
 * server starts, or while it is down.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(10_000, 32_768);
  return (await isFree(port)) ? port : freePort();
}
