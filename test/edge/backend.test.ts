import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Backend } from "../../src/edge/backend.js";
import { BackendFailure } from "../../src/edge/backend-failure.js";
import { encodeArgs, encodeBody } from "../../src/edge/body.js";
import { cleanUp } from "../../src/testing/scope.js";

/** Before a server that says something when it is asked, whatever it is. */
async function startBackend(t: ExecutionContext, say: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => say(socket));
    cleanUp(t, () => socket.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const backend = new Backend({ url, secret: "secret", maxBytes: 1_000 });
  cleanUp(t, () => backend.close());
  return backend;
}

for (const [what, text] of [
  ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"],
  ["a redirect", "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n"],
  ["a thousand hints and no response", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(1_000)],
  ["a header without an end", `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}`],
  ["no HTTP", "+PONG\r\n"],
] as const) {
  test(`every call ends with a failure where the answer is ${what}`, async (t) => {
    const backend = await startBackend(t, (socket) => {
      socket.write(text, () => what.startsWith("a thousand") && socket.end());
    });
    const { signal } = new AbortController();
    const body = encodeBody({ kind: "event" }, encodeArgs([]));
    await t.throwsAsync(backend.call(body, signal), { instanceOf: BackendFailure });
    await t.throwsAsync(
      backend.callAll([body, body], () => t.fail(), signal),
      { instanceOf: BackendFailure },
    );
    await t.throwsAsync(backend.describe(signal), { instanceOf: BackendFailure });
  });
}
