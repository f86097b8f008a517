import { randomInt } from "node:crypto";
import { createServer, type ListenOptions, type Server } from "node:net";

/** @returns undefined where something else listens @throws Error rejects with any other reason */
async function listen(options: ListenOptions): Promise<Server | undefined> {
  const server = createServer().unref();
  const listens = new Promise<boolean>((resolve, reject) => {
    server
      .once("listening", () => resolve(true))
      .once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
  });
  server.listen(options);
  return (await listens) ? server : undefined;
}

async function isFree(port: number): Promise<boolean> {
  const probe = await listen({ port, host: "127.0.0.1" });
  await new Promise((resolve) => (probe ? probe.close(resolve) : resolve(undefined)));
  return probe !== undefined;
}

/**
 * Another process that runs tests must not choose it before the server has started, or while it is down. Linux has
 * names of sockets that are no files and are gone with the process; elsewhere chance has to do.
 */
async function reserve(port: number): Promise<boolean> {
  return process.platform !== "linux" || (await listen({ path: `\0port-of-a-test-server:${port}` })) !== undefined;
}

/**
 * For this process alone, as long as it lives. Not one of those that a system hands out by itself, from 32768 on: any
 * of these may go to another socket.
 */
export async function freePort(): Promise<number> {
  const port = randomInt(10_000, 32_768);
  return (await reserve(port)) && (await isFree(port)) ? port : freePort();
}
