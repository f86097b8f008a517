import { once } from "node:events";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Socket } from "node:net";
import test, { type ExecutionContext } from "ava";
import { generate } from "selfsigned";
import { Backend } from "../../src/edge/backend.js";
import { BackendFailure } from "../../src/edge/backend-failure.js";
import { encodeArgs, encodeBody } from "../../src/edge/body.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { reply } from "../helpers/fake-backend.js";

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

/** A server with a certificate of its own, and how many connections it has had. */
async function startTlsServer(t: ExecutionContext, altNames: Parameters<typeof generate>[1]) {
  const pems = await generate([{ name: "commonName", value: "workers" }], altNames);
  const server = createHttpsServer({ key: pems.private, cert: pems.cert }, (request, response) => {
    request.resume().once("end", () => response.end(reply()));
  });
  let connections = 0;
  server.on("secureConnection", () => {
    connections += 1;
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ca: pems.cert, connections: () => connections };
}

const altNames = (...names: readonly object[]) => ({
  extensions: [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "subjectAltName", altNames: names },
  ],
});

test("https: workers are believed that have a certificate of the authority for the name in the URL, and no others", async (t) => {
  const body = encodeBody({ kind: "event" }, encodeArgs([]));
  const { signal } = new AbortController();
  const options = { secret: "secret", maxBytes: 1_000 };
  for (const [name, others, alt] of [
    ["127.0.0.1", "localhost", { type: 7, ip: "127.0.0.1" }],
    ["localhost", "127.0.0.1", { type: 2, value: "localhost" }],
  ] as const) {
    const { port, ca, connections } = await startTlsServer(t, altNames(alt) as never);
    const [known, unknown, misnamed] = [
      new Backend({ ...options, url: new URL(`https://${name}:${port}/path?query`), ca }),
      new Backend({ ...options, url: new URL(`https://${name}:${port}`) }),
      new Backend({ ...options, url: new URL(`https://${others}:${port}`), ca }),
    ];
    for (const backend of [known, unknown, misnamed]) {
      cleanUp(t, () => backend.close());
    }
    t.true((await known.call(body, signal)).head.handled);
    t.true((await known.call(body, signal)).head.handled);
    t.is(connections(), 1, "the second call takes the connection of the first");
    await t.throwsAsync(unknown.call(body, signal), { message: /certificate/, instanceOf: BackendFailure });
    await t.throwsAsync(misnamed.call(body, signal), { message: /certificate's altnames/, instanceOf: BackendFailure });
  }
});

/** A server that tells the bytes of each connection as they come, and answers each call. */
async function startTap(t: ExecutionContext) {
  const received = new Inbox<string>();
  let socket: Socket | undefined;
  const server = createServer((connection) => {
    socket = connection;
    received.add("connection");
    connection.on("error", () => {});
    connection.on("data", (chunk) => received.add(chunk.toString("latin1")));
    cleanUp(t, () => connection.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?query`);
  const backend = new Backend({ url, secret: "secret", maxBytes: 1_000 });
  cleanUp(t, () => backend.close());
  const say = (text: string) => socket?.write(text);
  return { received, backend, say, end: () => socket?.end() };
}

const answer = (): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${reply().byteLength}\r\n\r\n${reply().toString("latin1")}`;

test("a body waits until it is asked for once, and then comes with its head", async (t) => {
  const { received, backend, say } = await startTap(t);
  const { signal } = new AbortController();
  const body = encodeBody({ kind: "event" }, encodeArgs([]));
  const first = backend.call(body, signal);
  const head = await received.find("the head", (text) => text.startsWith("POST"));
  t.deepEqual(head.split("\r\n"), [
    "POST /path?query HTTP/1.1",
    `host: ${backend.name}`,
    "authorization: Bearer secret",
    "connection: keep-alive",
    "expect: 100-continue",
    "content-type: application/vnd.socketio-bridge",
    `content-length: ${body.byteLength}`,
    "",
    "",
  ]);
  say("HTTP/1.1 100 Continue\r\n\r\n");
  await received.find("the body", (text) => text === body.toString("latin1"));
  say(answer());
  t.true((await first).head.handled);
  const second = backend.call(body, signal);
  await received.find("both at once", (text) => text === head + body.toString("latin1"));
  say(`HTTP/1.1 100 Continue\r\n\r\n${answer()}`);
  t.true((await second).head.handled);
  t.is(received.items.filter((text) => text === "connection").length, 1);
});

test("a connection on which a worker says something unasked carries no further call", async (t) => {
  for (const unasked of ["HTTP/1.1 408 Request Timeout\r\n\r\n", answer()]) {
    const { received, backend, say } = await startTap(t);
    const { signal } = new AbortController();
    const body = encodeBody({ kind: "event" }, encodeArgs([]));
    const first = backend.call(body, signal);
    await received.find("the head", (text) => text.startsWith("POST"));
    say(`HTTP/1.1 100 Continue\r\n\r\n${answer()}${unasked}`);
    t.true((await first).head.handled);
    const second = backend.call(body, signal);
    await received.find("another connection", (text, index) => text === "connection" && index > 0);
    say(`HTTP/1.1 100 Continue\r\n\r\n${answer()}`);
    t.true((await second).head.handled);
  }
});
