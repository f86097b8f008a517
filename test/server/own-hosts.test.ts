import type { IncomingMessage } from "node:http";
import test from "ava";
import { type AcceptedOrigins, hostCheck } from "../../src/server/own-hosts.js";

const LOOPBACK = [
  "localhost",
  "localhost:6690",
  "LOCALHOST:6690",
  "LocalHost.:6690",
  "app.localhost:6690",
  "127.0.0.1",
  "127.0.0.1:6690",
  "127.8.9.10:6690",
  "[::1]",
  "[::1]:6690",
  "[0:0:0:0:0:0:0:1]:6690",
];
const ADDRESSES = ["192.168.1.5:6690", "10.0.0.1", "[fe80::1]:6690", "[2001:db8::1]", "0.0.0.0:6690"];
const OTHERS = [
  undefined,
  "",
  " ",
  ":6690",
  "evil.example",
  "evil.example:6690",
  "localhost.evil.example:6690",
  "notlocalhost:6690",
  "127.0.0.1.evil.example:6690",
  "evil.example@localhost:6690",
  "localhost@evil.example:6690",
  "localhost:6690/evil",
  "localhost:6690#evil",
  "localhost\\.evil.example",
  "localhost:evil",
  "[::1",
  "::1",
];

const accepts = (listen: string, host: string | undefined, cors: AcceptedOrigins = [], forwarded?: string): boolean =>
  hostCheck(listen, cors)({ headers: { host, "x-forwarded-host": forwarded } } as unknown as IncomingMessage);

for (const listen of ["127.0.0.1", "localhost", "::1", "127.0.0.2", "LOCALHOST."]) {
  test(`on ${listen} only loopback names are hosts`, (t) => {
    for (const host of LOOPBACK) {
      t.true(accepts(listen, host), host);
    }
    for (const host of [...ADDRESSES, ...OTHERS]) {
      t.false(accepts(listen, host), host);
    }
  });
}

for (const listen of ["0.0.0.0", "::", "192.168.1.5", "chat.internal"]) {
  test(`on ${listen} every address is a host, and no other name than its own`, (t) => {
    for (const host of [...LOOPBACK, ...ADDRESSES]) {
      t.true(accepts(listen, host), host);
    }
    for (const host of OTHERS) {
      t.false(accepts(listen, host), host);
    }
    t.is(accepts(listen, "Chat.Internal.:6690"), listen === "chat.internal");
  });
}

test("the host of an accepted origin is a host, on any port; and every host where every origin is accepted", (t) => {
  const cors = ["https://app.example", "http://[2001:db8::7]:81"];
  for (const host of ["app.example", "APP.example.:8443", "[2001:DB8:0::7]:6690"]) {
    t.true(accepts("127.0.0.1", host, cors), host);
    t.false(accepts("127.0.0.1", host), host);
  }
  t.false(accepts("127.0.0.1", "evil.example", cors));
  t.true(accepts("127.0.0.1", "evil.example", true));
});

test("what a proxy says of the host that was asked for has to be one as well", (t) => {
  t.true(accepts("127.0.0.1", "127.0.0.1:6690", [], "localhost:8080"));
  t.false(accepts("127.0.0.1", "127.0.0.1:6690", [], "evil.example"));
  t.false(accepts("127.0.0.1", "127.0.0.1:6690", [], "localhost, evil.example"));
  t.true(accepts("127.0.0.1", "127.0.0.1:6690", ["https://app.example"], "app.example, localhost"));
});
