import { connect, type Server, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { cleanUp } from "./cleanup.js";
import type { TestRedis } from "./redis.js";

/** A way to Redis that Redis itself may not have been built with: behind it is the real one. */
export async function forwardTo(
  t: ExecutionContext,
  redis: TestRedis,
  makeServer: (onSocket: (socket: Socket) => void) => Server,
) {
  const sockets = new Set<Socket>();
  const server = makeServer((socket) => {
    const onward = connect(redis.port, "127.0.0.1");
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
