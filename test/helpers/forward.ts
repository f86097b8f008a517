import { connect, type Server, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { cleanUp } from "../../src/testing/scope.js";

/** A way to a broker that it may not have been built with, as over TLS or a socket file: behind it is the real one. */
export async function forwardTo(
  t: ExecutionContext,
  broker: { readonly port: number },
  makeServer: (onSocket: (socket: Socket) => void) => Server,
) {
  const sockets = new Set<Socket>();
  const server = makeServer((socket) => {
    const onward = connect(broker.port, "127.0.0.1");
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => end.destroy());
    }
    socket.pipe(onward).pipe(socket);
  });
  cleanUp(t, async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  });
  return (...address: readonly (string | number)[]) =>
    new Promise<void>((resolve) => server.listen(...(address as [number]), () => resolve()));
}
