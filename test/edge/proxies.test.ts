import type { IncomingMessage } from "node:http";
import test from "ava";
import { io as connect } from "socket.io-client";
import { createEdge } from "../../src/edge/index.js";
import { originOf, proxyCheck } from "../../src/edge/proxies.js";
import { memoryBus } from "../../src/index.js";
import { cleanUp } from "../../src/testing/scope.js";
import { describe, FAKE_SECRET, startFakeBackend } from "../helpers/fake-backend.js";
import { startNodeHost } from "../helpers/node-host.js";

const PROXIES = ["10.0.0.0/8", "192.168.1.1", "2001:db8::/32"];

/** Of a request from `peer` with these headers. */
function originFrom(peer: string, forwardedFor?: string, forwardedProto?: string) {
  const headers = { "x-forwarded-for": forwardedFor, "x-forwarded-proto": forwardedProto };
  const socket = { remoteAddress: peer, remotePort: 50_000 };
  const { remoteAddress, remotePort, scheme } = originOf(
    { headers, socket } as unknown as IncomingMessage,
    proxyCheck(PROXIES),
  );
  return [remoteAddress, remotePort, scheme];
}

test("whoever is no trusted proxy is the client itself, whatever it says", (t) => {
  for (const peer of ["203.0.113.7", "192.168.1.2", "2001:db9::1", "11.0.0.1"]) {
    t.deepEqual(originFrom(peer, "198.51.100.1", "https"), [peer, 50_000, "http"]);
  }
  const { remoteAddress } = originOf(
    {
      headers: { "x-forwarded-for": "198.51.100.1" },
      socket: { remoteAddress: "10.0.0.1" },
    } as unknown as IncomingMessage,
    proxyCheck([]),
  );
  t.is(remoteAddress, "10.0.0.1");
});

test("of what trusted proxies forward, the last address that is not one of them is the client's", (t) => {
  t.deepEqual(originFrom("10.1.2.3", "203.0.113.7", "https"), ["203.0.113.7", 0, "https"]);
  t.deepEqual(originFrom("::ffff:10.1.2.3", "203.0.113.7"), ["203.0.113.7", 0, "http"]);
  t.deepEqual(originFrom("192.168.1.1", "198.51.100.1, 203.0.113.7,10.0.0.9"), ["203.0.113.7", 0, "http"]);
  t.deepEqual(originFrom("2001:db8::5", "2001:db9::1"), ["2001:db9::1", 0, "http"]);
  t.deepEqual(originFrom("10.1.2.3", "10.0.0.9, 10.0.0.8"), ["10.0.0.9", 0, "http"]);
  t.deepEqual(originFrom("10.1.2.3", undefined, "http, https"), ["10.1.2.3", 50_000, "https"]);
});

test("what is no address is passed over, and all before it", (t) => {
  for (const text of ["", ",", "unknown", "203.0.113.7, evil", "203.0.113.7:1234", "1.2.3.4.5", "x".repeat(10_000)]) {
    t.deepEqual(originFrom("10.1.2.3", text, "javascript"), ["10.1.2.3", 50_000, "http"], text);
  }
  t.deepEqual(originFrom("10.1.2.3", "203.0.113.7, evil, 10.0.0.9"), ["10.0.0.9", 0, "http"]);
});

test("a proxy that is neither an address nor a network is refused by name", (t) => {
  for (const proxy of [
    "",
    "nginx",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/-1",
    "10.0.0/8",
    "10.0.0.0/1e1",
    "*",
    "::/129",
  ]) {
    t.throws(
      () => proxyCheck([proxy]),
      { code: "BRIDGE_INVALID_OPTION", message: /neither an IP address nor a network/ },
      proxy,
    );
  }
});

test("calls to the workers carry the address and the scheme, and the headers as they came", async (t) => {
  const workers = await startFakeBackend(t, { description: describe({ "/": { events: [], any: false } }) });
  const host = await startNodeHost(t, memoryBus(t.title), {});
  const options = { backend: workers.url, secret: FAKE_SECRET, trustProxy: ["127.0.0.1"], logger: false } as const;
  const edge = createEdge(host.io, host.adapter, options);
  cleanUp(t, () => edge.close());
  await edge.ready();
  const extraHeaders = { "X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https" };
  const socket = connect(host.url, { extraHeaders, forceNew: true, reconnection: false });
  cleanUp(t, () => socket.disconnect());
  await new Promise<void>((done, fail) => socket.once("connect", done).once("connect_error", fail));
  const request = workers.calls[0]?.head.request as Record<string, unknown>;
  t.like(request, { remoteAddress: "203.0.113.7", remotePort: 0, scheme: "https" });
  t.true(JSON.stringify(request.headers).includes('["x-forwarded-for","198.51.100.1, 203.0.113.7"]'));
});
