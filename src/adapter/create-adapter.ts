import type { Namespace } from "socket.io";
import type { Adapter } from "socket.io-adapter";
import { type BusSource, openBus } from "../bus/open.js";
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
 * @param source - the broker that the Python side uses: its URL, a client of ioredis or node-redis whose options are taken
 *   over (the client itself is neither used nor closed), or a bus made by hand
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`, `BRIDGE_MISSING_PACKAGE`
 * @example
 *     const adapter = createAdapter("redis://localhost:6379", { channel: "flask-socketio" });
 *     const io = new Server(http, { adapter });
 *     await adapter.ready();
 */
export function createAdapter(source: BusSource, options: AdapterOptions = {}): BridgeAdapter {
  const normalized = normalizeAdapter(options);
  const host = new Host(openBus(source, normalized.channels[0], options), normalized);

  // socket.io calls this with `new`, so it cannot be an arrow function.
  function adapterOf(namespace: Namespace): Adapter {
    host.bindServer(namespace.server);
    return new NamespaceAdapter(namespace, host);
  }

  return Object.assign(adapterOf, handleOf(host));
}

function handleOf(host: Host): BridgeHandle {
  const { hostId, reporter, cluster, marks } = host;
  return {
    hostId,
    ready: () => host.ready(),
    onStatus: (listener) => reporter.status.add(listener),
    onRejected: (listener) => reporter.rejections.add(listener),
    onEmit: (listener) => reporter.emits.add(listener),
    onMark: (listener) => marks.add(listener),
    joinGroup: (group, listener) => cluster.groups.join(group, listener),
    stats: () => ({
      ...reporter.stats(),
      unknownAcks: cluster.acks.unknownCount,
      pendingAcks: cluster.acks.size,
      nodeHosts: 1 + cluster.peers.hostCount,
      pythonHosts: cluster.pythonHosts.areExpected,
    }),
  };
}
