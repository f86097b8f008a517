import type { ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import type { AdapterOptions, BusSource } from "../../src/index.js";
import { type NodeHost, startNodeHost as startNodeHostWith } from "../../src/testing/node-host.js";
import { encodings } from "./encodings.js";

/** Ready when this resolves; gone, with its connections, when the test is over. */
export function startNodeHost(
  t: ExecutionContext,
  source: BusSource,
  options: AdapterOptions,
  serverOptions: Partial<ServerOptions> = {},
): Promise<NodeHost> {
  return startNodeHostWith(t, source, { encoding: encodings.node, ...options }, serverOptions);
}
