import type { ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import { type AdapterOptions, memoryBus } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { startNodeHost } from "./node-host.js";

/** A host on an in-memory channel, somebody else on that channel, and what the host says there. */
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
    // What the host says, which writes no spaces; not what the test itself sends, which may be no JSON at all.
    if (text.startsWith('{"method":"')) {
      channelled.add(JSON.parse(text));
    }
  });
  const host = await startNodeHost(t, memoryBus(t.title), options, serverOptions);
  return { host, channelled, send: (payload: string | Uint8Array) => other.publish("socketio", payload) };
}
