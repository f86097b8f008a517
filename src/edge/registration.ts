import type { Socket } from "socket.io";

/**
 * Gives a client its rooms before it is accepted, as it has them in Python while its `connect` handler runs: what is emitted
 * to it precedes its CONNECT packet, and clients keep it until that comes.
 *
 * `Namespace._doConnect` of socket.io 4.8 lists an accepted client by itself. It must find none that is listed already, or
 * `Namespace._remove` forgets only one of the two entries of a client that is gone by then.
 */
export class Registration {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    const { nsp, id } = socket;
    this.#socket = socket;
    nsp.sockets.set(id, socket as never);
    void nsp.adapter.addAll(id, new Set([id]));
  }

  /** Call directly before socket.io accepts the client. */
  handOver(): void {
    const { nsp, id } = this.#socket;
    nsp.sockets.delete(id);
  }

  /** Of a client that is refused, or gone. */
  end(): void {
    const { nsp, id } = this.#socket;
    nsp.sockets.delete(id);
    nsp.adapter.delAll(id);
  }
}
