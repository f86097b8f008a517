import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Server } from "socket.io";
import { BridgeError, checkOrigin } from "../../src/index.js";
import { cleanUp } from "../../src/testing/scope.js";
import { statusOf, UPGRADE } from "../helpers/raw-request.js";

type Headers = Readonly<Record<string, string>>;

interface Stage {
  readonly port: number;
  /** Why requests were refused. */
  readonly reasons: string[];
  polling(headers: Headers): Promise<number>;
  websocket(headers: Headers): Promise<number>;
}

/** A server of one's own with this check. */
async function startServer(
  t: ExecutionContext,
  origins?: string | readonly string[],
  { listen = "127.0.0.1", connect = listen }: { readonly listen?: string; readonly connect?: string } = {},
): Promise<Stage> {
  const http = createServer();
  const io = new Server(http, { allowRequest: checkOrigin(origins), cors: { origin: [...(origins ?? [])] } });
  const reasons: string[] = [];
  io.engine.on("connection_error", ({ context }: { context: { message?: string } }) =>
    reasons.push(String(context.message)),
  );
  await once(http.listen(0, listen), "listening");
  cleanUp(t, () => io.close());
  const { port } = http.address() as AddressInfo;
  const url = `http://${connect.includes(":") ? `[${connect}]` : connect}:${port}`;
  const lines = (headers: Headers) =>
    Object.entries({ Host: `${new URL(url).host}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return {
    port,
    reasons,
    polling: (headers) => statusOf(url, "/socket.io/?EIO=4&transport=polling", lines(headers)),
    websocket: (headers) => statusOf(url, "/socket.io/?EIO=4&transport=websocket", [...lines(headers), ...UPGRADE]),
  };
}

async function judges(t: ExecutionContext, server: Stage, isAccepted: boolean, headers: Headers): Promise<void> {
  t.is(await server.polling(headers), isAccepted ? 200 : 403, `polling ${JSON.stringify(headers)}`);
  t.is(await server.websocket(headers), isAccepted ? 101 : 400, `websocket ${JSON.stringify(headers)}`);
}

test("requests without an Origin, and pages of the server itself, may connect; others may not", async (t) => {
  const server = await startServer(t);
  const { port } = server;
  await judges(t, server, true, {});
  await judges(t, server, true, { Origin: `http://127.0.0.1:${port}` });
  await judges(t, server, true, { Host: `localhost:${port}`, Origin: `http://localhost:${port}` });
  await judges(t, server, false, { Origin: "https://elsewhere.example" });
  await judges(t, server, false, { Origin: `https://127.0.0.1:${port}` });
  await judges(t, server, false, { Origin: `http://127.0.0.1:${port + 1}` });
  await judges(t, server, false, { Origin: "http://127.0.0.1" });
  await judges(t, server, false, { Origin: "null" });
  t.is(server.reasons.at(-1), '"null" is not an accepted origin');
});

test("a page whose name was made to lead to this server may not connect, as of the same origin as it is", async (t) => {
  const server = await startServer(t);
  for (const host of [
    `evil.example:${server.port}`,
    "localhost.evil.example",
    `127.0.0.1.evil.example:${server.port}`,
  ]) {
    await judges(t, server, false, { Host: host });
    await judges(t, server, false, { Host: host, Origin: `http://${host}` });
  }
  const forwarded = { "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http" };
  await judges(t, server, false, { Origin: "http://evil.example", ...forwarded });
  t.is(server.reasons.at(-1), `"127.0.0.1:${server.port}, evil.example" is not a host of this server`);
});

test("an origin that is named may connect, on its scheme and port, and its host is one of the server", async (t) => {
  const server = await startServer(t, [
    "https://chat.example.com",
    "http://[2001:db8::7]:8080",
    "capacitor://localhost",
  ]);
  await judges(t, server, true, { Origin: "https://chat.example.com" });
  await judges(t, server, true, { Origin: "https://chat.example.com", Host: "chat.example.com" });
  await judges(t, server, true, { Origin: "http://[2001:db8::7]:8080" });
  await judges(t, server, true, { Origin: "capacitor://localhost" });
  await judges(t, server, true, { Host: "[2001:db8::7]:8080" });
  await judges(t, server, false, { Origin: "http://chat.example.com" });
  await judges(t, server, false, { Origin: "https://chat.example.com:8443" });
  await judges(t, server, false, { Origin: "https://chat.example.com.evil.example" });
  await judges(t, server, false, { Origin: "null" });
});

test("behind a proxy, the server's own page is the one that the proxy was asked for", async (t) => {
  const server = await startServer(t, ["https://chat.example.com"]);
  const forwarded = { "X-Forwarded-Host": "chat.example.com", "X-Forwarded-Proto": "https" };
  await judges(t, server, true, { Origin: "https://chat.example.com", ...forwarded });
  await judges(t, server, true, forwarded);
  await judges(t, server, false, { Origin: "https://other.example.com", ...forwarded });
});

for (const [what, addresses] of [
  ["IPv6", { listen: "::1" }],
  ["IPv4 of a server that listens on IPv6", { listen: "::", connect: "127.0.0.1" }],
] as const) {
  test(`over ${what} on loopback the same holds`, async (t) => {
    const server = await startServer(t, [], addresses);
    const { port } = server;
    await judges(t, server, true, {});
    await judges(t, server, true, { Host: `[::1]:${port}`, Origin: `http://[::1]:${port}` });
    await judges(t, server, true, { Host: `localhost:${port}`, Origin: `http://localhost:${port}` });
    await judges(t, server, false, { Host: `evil.example:${port}`, Origin: `http://evil.example:${port}` });
    await judges(t, server, false, { Host: `192.168.1.5:${port}` });
    await judges(t, server, false, { Origin: "http://[::2]" });
  });
}

for (const wildcard of ["*", ["https://chat.example.com", "*"]]) {
  test(`${JSON.stringify(wildcard)} accepts every origin, and every host`, async (t) => {
    const server = await startServer(t, wildcard);
    await judges(t, server, true, { Origin: "https://elsewhere.example" });
    await judges(t, server, true, { Origin: "null", Host: "evil.example" });
  });
}

test("a connection that did not come over loopback may ask for an address, and for no name that is not given", (t) => {
  const allowed = (localAddress: string | undefined, host: string): boolean => {
    let answer = false;
    const request = { headers: { host }, socket: { localAddress } } as unknown as IncomingMessage;
    checkOrigin("https://chat.example.com")(request, (_, success) => {
      answer = success;
    });
    return answer;
  };
  for (const address of ["192.168.1.5", "::ffff:192.168.1.5", "fe80::1%eth0"]) {
    t.true(allowed(address, "192.168.1.5:3000"), address);
    t.true(allowed(address, "localhost:3000"), address);
    t.true(allowed(address, "chat.example.com"), address);
    t.false(allowed(address, "evil.example"), address);
  }
  // Of a Unix socket.
  t.true(allowed(undefined, "chat.example.com"));
  t.false(allowed(undefined, "evil.example"));
});

for (const [origin, advice] of [
  ["https://chat.example.com/", "it takes https://chat.example.com"],
  ["https://Chat.example.com:443", "it takes https://chat.example.com"],
  ["chat.example.com", "it takes scheme, host and port, as in https://chat.example.com"],
  ["null", "it takes scheme, host and port, as in https://chat.example.com"],
  ["https://*.example.com", "it takes scheme, host and port, as in https://chat.example.com"],
  ["", "it takes scheme, host and port, as in https://chat.example.com"],
] as const) {
  test(`${JSON.stringify(origin)} names no origin, and is refused where it is given`, (t) => {
    const message = `${JSON.stringify(origin)} is not an origin: ${advice}`;
    t.throws(() => checkOrigin([origin]), { instanceOf: BridgeError, code: "BRIDGE_INVALID_OPTION", message });
  });
}
