import type { Namespace } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import type { Bus } from "../bus/bus.js";
import { openBus } from "../bus/open.js";
import { type AdapterOptions, normalizeAdapter } from "../options.js";
import { Host } from "./host.js";
import { NamespaceAdapter } from "./namespace-adapter.js";
import type { BridgeHandle } from "./reporting/handle.js";

/** What `createAdapter` returns: pass it to `new Server(http, { adapter })`, and watch it. */
export type BridgeAdapter = ((namespace: Namespace) => Adapter) & BridgeHandle;

/**
 * Makes a Socket.IO server one more host of a python-socketio fleet.
 *
 * Connects when the server that gets it is made, and closes with `io.close()`. One adapter serves one server.
 *
 * @param urlOrBus - the broker that the Python side names, as a URL or as a bus made by hand
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`
 * @example
 *     const adapter = createAdapter("redis://localhost:6379", { channel: "flask-socketio" });
 *     const io = new Server(http, { adapter });
 *     await adapter.ready();
 */
export function createAdapter(urlOrBus: string | Bus, options: AdapterOptions = {}): BridgeAdapter {
  const normalized = normalizeAdapter(options);
  const host = new Host(openBus(urlOrBus, normalized.channels[0], options), normalized);

  // socket.io calls this with `new`, so it cannot be an arrow function.
  function adapterOf(namespace: Namespace): Adapter {
    host.bindServer(namespace.server);
    return new NamespaceAdapter(namespace, host);
  }

  return Object.assign(adapterOf, handleOf(host));
}

function handleOf(host: Host): BridgeHandle {
  const { hostId, reporter, cluster } = host;
  return {
    hostId,
    ready: () => host.ready(),
    onStatus: (listener) => reporter.status.add(listener),
    onRejected: (listener) => reporter.rejections.add(listener),
    onEmit: (listener) => reporter.emits.add(listener),
    stats: () => ({
      ...reporter.stats(),
      unknownAcks: cluster.acks.unknownCount,
      pendingAcks: cluster.acks.size,
      nodeHosts: 1 + cluster.peers.hostIds.length,
      pythonHosts: cluster.pythonHosts.areExpected,
    }),
  };
}
