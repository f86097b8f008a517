import { createConnection } from "node:net";
import { withTimeout } from "../../src/testing/with-timeout.js";

/** Headers of a WebSocket handshake. */
export const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

/** Status of a request that was written by hand: fetch() sets `Host` itself. */
export function statusOf(url: string, path: string, lines: readonly string[]): Promise<number> {
  const { port, hostname } = new URL(url);
  return withTimeout(
    "the answer to a request",
    new Promise((resolve, reject) => {
      const socket = createConnection(Number(port), hostname.replace(/^\[(.*)\]$/, "$1"));
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed without an answer")));
      socket.once("data", (data) => {
        socket.destroy();
        resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1]));
      });
      socket.write(`${[`GET ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`);
    }),
  );
}
