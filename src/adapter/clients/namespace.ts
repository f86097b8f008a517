import type { Namespace, Socket } from "socket.io";
import type { Adapter } from "socket.io-adapter";

/** `Adapter.nsp` is typed `any` (socket.io-adapter 2.5): it is the namespace that the adapter was made for. */
export function namespaceOf(adapter: Adapter): Namespace {
  return adapter.nsp as Namespace;
}

/** A client of this host in the adapter's namespace. */
export function clientOf(adapter: Adapter, sid: string): Socket | undefined {
  return namespaceOf(adapter).sockets.get(sid);
}

export function hasClient(adapter: Adapter, sid: string): boolean {
  return namespaceOf(adapter).sockets.has(sid);
}
