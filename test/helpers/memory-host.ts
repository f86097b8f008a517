import type { ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import { type AdapterOptions, memoryBus } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startNodeHost } from "./node-host.js";

/** A host on an in-memory channel, a second bus on that channel, and what the host publishes there. */
export async function startMemoryHost(
  t: ExecutionContext,
  options: AdapterOptions = {},
  serverOptions: Partial<ServerOptions> = {},
) {
  const other = memoryBus(t.title);
  cleanUp(t, () => other.close());
  const channelled = new Inbox<Record<string, unknown>>();
  await other.subscribe("socketio", (payload) => {
    const text = Buffer.from(payload).toString();
    // Only what the host publishes, which has no spaces. What the test itself sends may not be JSON.
    if (text.startsWith('{"method":"')) {
      channelled.add(JSON.parse(text));
    }
  });
  const host = await startNodeHost(t, memoryBus(t.title), options, serverOptions);
  return { host, channelled, send: (payload: string | Uint8Array) => other.publish("socketio", payload) };
}
