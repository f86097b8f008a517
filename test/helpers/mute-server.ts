import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { cleanUp, type Scope } from "../../src/testing/scope.js";

/** Accepts connections and answers nothing; gone when the test is over. @returns its port */
export async function startMuteServer(t: Scope): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    socket.resume();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, async () => {
    for (const socket of sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}
