import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { parseAmqpUrl } from "../../../src/bus/rabbitmq/url.js";
import { BridgeError } from "../../../src/errors.js";

const guest = { username: "guest", password: "guest", vhost: "/", tls: undefined };
const local = { host: "localhost", port: 5672, ...guest };

// What kombu.Connection(url) and aio_pika.connect(url) make of each was read off the real packages.
for (const [url, expected] of [
  ["amqp://", local],
  ["amqp:///", local],
  ["amqp:////", local],
  ["amqp://h", { ...local, host: "h" }],
  ["amqp://h/", { ...local, host: "h" }],
  ["amqp://h//", { ...local, host: "h" }],
  ["amqp://h/%2F", { ...local, host: "h" }],
  ["amqp://h/%2f", { ...local, host: "h" }],
  ["AMQP://h/v", { ...local, host: "h", vhost: "v" }],
  ["amqp://h//v", { ...local, host: "h", vhost: "/v" }],
  ["amqp://h/v/", { ...local, host: "h", vhost: "v/" }],
  ["amqp://h/a%2Fb", { ...local, host: "h", vhost: "a/b" }],
  ["amqp://h/a/b", { ...local, host: "h", vhost: "a/b" }],
  ["amqp://h/a%20b", { ...local, host: "h", vhost: "a b" }],
  ["amqp://h/a+b", { ...local, host: "h", vhost: "a+b" }],
  ["amqp://h/%C3%BC", { ...local, host: "h", vhost: "ü" }],
  ["amqp://u:p@h:1234/v", { ...local, host: "h", port: 1234, username: "u", password: "p", vhost: "v" }],
  ["amqp://u:p:q@h", { ...local, host: "h", username: "u", password: "p:q" }],
  ["amqp://u%40x:p%40%2F%3A@h", { ...local, host: "h", username: "u@x", password: "p@/:" }],
  ["amqp://u@h", { ...local, host: "h", username: "u" }],
  ["amqp://u:@h", { ...local, host: "h", username: "u" }],
  ["amqp://:p@h", { ...local, host: "h", password: "p" }],
  ["amqp://[::1]:5673/v", { ...local, host: "::1", port: 5673, vhost: "v" }],
  ["amqp://h/v?heartbeat=10&connection_timeout=3", { ...local, host: "h", vhost: "v" }],
  ["amqp://h?heartbeat=10", { ...local, host: "h" }],
] as const) {
  test(`${url} is parsed as kombu and aio-pika parse it`, (t) => {
    t.deepEqual(parseAmqpUrl(url), [expected]);
  });
}

test("further brokers follow after a semicolon, as in kombu", (t) => {
  t.deepEqual(parseAmqpUrl("amqp://u:p@h1:1/v;amqp://h2;"), [
    { ...local, host: "h1", port: 1, username: "u", password: "p", vhost: "v" },
    { ...local, host: "h2" },
  ]);
  const [first, ...others] = parseAmqpUrl("amqp://u:p@h1:1/v;h2;h3:3;[::1]:4");
  t.deepEqual(others, [
    { ...first, host: "h2" },
    { ...first, host: "h3", port: 3 },
    { ...first, host: "::1", port: 4 },
  ]);
});

test("TLS, in the spelling of aio-pika and in that of kombu", (t) => {
  const file = join(tmpdir(), `amqp-url-${process.pid}.pem`);
  writeFileSync(file, "a certificate");
  const [plain] = parseAmqpUrl("amqps://h");
  t.like(plain, { port: 5671, tls: { rejectUnauthorized: true } });
  for (const query of [`cafile=${file}&certfile=${file}`, `ssl_ca_certs=${file}&ssl_certfile=${file}`]) {
    const [target] = parseAmqpUrl(`amqps://h:1?${query}`);
    t.is(target?.tls?.ca?.toString(), "a certificate");
    t.is(target?.tls?.cert?.toString(), "a certificate");
    t.true(target?.tls?.rejectUnauthorized);
  }
  for (const query of ["no_verify_ssl=1", "no_verify_ssl=true", "ssl_cert_reqs=CERT_NONE", "ssl_cert_reqs=none"]) {
    t.false(parseAmqpUrl(`amqps://h?${query}`)[0]?.tls?.rejectUnauthorized, query);
  }
  t.true(parseAmqpUrl("amqps://h?no_verify_ssl=0")[0]?.tls?.rejectUnauthorized);
});

for (const [url, reason] of [
  ["amqp://h:99999", /port "99999"/],
  ["amqp://h:x", /port "x"/],
  ["amqp://h1;h2:x", /port "x"/],
  ["amqp://h1;redis://h2", /not one of amqp, amqps/],
  ["amqp://u:p/w@h", /percent-encoded/],
  ["localhost:5672", /not a URL/],
  ["", /not a URL/],
  ["amqps://h?cafile=/nowhere.pem", /cannot read ssl_ca_certs/],
] as const) {
  test(`${url} is refused`, (t) => {
    const error = t.throws(() => parseAmqpUrl(url), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_URL");
    t.regex(error.message, reason);
  });
}

test("an error names the URL, and never its password", (t) => {
  for (const url of [
    "amqp://user:hunter2@h:x",
    "amqp://user:hun/ter2@h",
    "amqp://user:hun@ter2@h:x",
    "amqp://h1;amqp://user:hunter2@h2:x",
    "amqps://user:hunter2@h?cafile=/nowhere.pem",
  ]) {
    const error = t.throws(() => parseAmqpUrl(url), { instanceOf: BridgeError });
    t.notRegex(error.message, /hun|ter2/, url);
  }
});
