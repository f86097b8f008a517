import type { Socket } from "socket.io";

/**
 * Gives a client its rooms before it is accepted, as it has them in Python while its `connect` handler runs: what is emitted
 * to it precedes its CONNECT packet, and clients keep it until that comes.
 *
 * `Namespace._doConnect` of socket.io 4.7 to 4.8 does the same once more for a client that is accepted, and takes back what
 * it finds for one that is gone by then.
 *
 * @returns takes it back
 */
export function register(socket: Socket): () => void {
  const { nsp, id } = socket;
  nsp.sockets.set(id, socket as never);
  void nsp.adapter.addAll(id, new Set([id]));
  return () => {
    nsp.adapter.delAll(id);
    nsp.sockets.delete(id);
  };
}
