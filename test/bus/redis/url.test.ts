import test from "ava";
import { clusterSeeds, parseRedisUrl } from "../../../src/bus/redis/url.js";
import { BridgeError } from "../../../src/errors.js";

const parse = (url: string) => parseRedisUrl(url, "socketio");

test("hosts, ports, databases and credentials as redis-py parses them", (t) => {
  t.deepEqual(parse("redis://"), { host: "localhost", port: 6379 });
  t.deepEqual(parse("redis://example"), { host: "example", port: 6379 });
  t.deepEqual(parse("redis://example:6380/3"), { host: "example", port: 6380, db: 3 });
  t.deepEqual(parse("redis://example/0?db=5"), { host: "example", port: 6379, db: 5 });
  t.deepEqual(parse("valkey://[::1]:7000"), { host: "::1", port: 7000 });
  t.deepEqual(parse("redis://:p%40ss@h"), { host: "h", port: 6379, password: "p@ss" });
  t.deepEqual(parse("redis://user:pa:ss@h"), { host: "h", port: 6379, username: "user", password: "pa:ss" });
  t.deepEqual(parse("redis://h/2/"), { host: "h", port: 6379, db: 2 });
  t.deepEqual(parse("redis://h?username=u&password=p"), { host: "h", port: 6379, username: "u", password: "p" });
  t.deepEqual(parse("redis://h?socket_timeout=5&health_check_interval=10"), { host: "h", port: 6379 });
});

test("TLS, with the query options of redis-py", (t) => {
  t.deepEqual(parse("rediss://h").tls, { rejectUnauthorized: true });
  t.deepEqual(parse("valkeys://h?ssl_cert_reqs=none").tls, { rejectUnauthorized: false });
  t.deepEqual(parse("rediss://h?ssl_cert_reqs=optional").tls, { rejectUnauthorized: true });
  t.deepEqual(parse("rediss://h?ssl_cert_reqs=CERT_NONE").tls, { rejectUnauthorized: false });
  t.truthy(parse("rediss://h?ssl_check_hostname=false").tls?.checkServerIdentity);
});

test("a socket file", (t) => {
  t.deepEqual(parse("unix:///run/redis.sock"), { path: "/run/redis.sock" });
  t.deepEqual(parse("unix:///a%20b/redis.sock?db=2"), { path: "/a b/redis.sock", db: 2 });
  t.deepEqual(parse("unix://u:p@/run/redis.sock"), { path: "/run/redis.sock", username: "u", password: "p" });
  t.deepEqual(parse("unix:///run/redis.sock?password=p"), { path: "/run/redis.sock", password: "p" });
});

test("Sentinel, as parse_redis_sentinel_url of python-socketio", (t) => {
  t.deepEqual(parse("redis+sentinel://user:pw@h1:1234,h2:2345/0/myredis"), {
    sentinels: [
      { host: "h1", port: 1234 },
      { host: "h2", port: 2345 },
    ],
    name: "myredis",
    username: "user",
    password: "pw",
    db: 0,
  });
  // Without a service, Python asks for one named after the channel.
  t.deepEqual(parseRedisUrl("valkey+sentinel://h1:1234", "flask-socketio"), {
    sentinels: [{ host: "h1", port: 1234 }],
    name: "flask-socketio",
  });
});

test("Sentinels with a login and TLS of their own, by what redis-py calls sentinel_kwargs", (t) => {
  const at = { sentinels: [{ host: "h", port: 26379 }], name: "m", db: 0 };
  t.deepEqual(parse("redis+sentinel://h/0/m?sentinel_username=u&sentinel_password=p%40"), {
    ...at,
    sentinelUsername: "u",
    sentinelPassword: "p@",
  });
  t.deepEqual(parse("redis+sentinel://h/0/m?ssl=true&ssl_cert_reqs=none"), {
    ...at,
    tls: { rejectUnauthorized: false },
    enableTLSForSentinelMode: true,
  });
  t.deepEqual(parse("redis+sentinel://h/0/m?ssl=no&sentinel_ssl=1&sentinel_ssl_cert_reqs=none"), {
    ...at,
    sentinelTLS: { rejectUnauthorized: false },
  });
});

test("a cluster: several nodes, with what they have in common", (t) => {
  const nodes = [
    { host: "h1", port: 7000 },
    { host: "::1", port: 6379 },
  ];
  for (const scheme of ["redis+cluster", "valkey+cluster"]) {
    t.deepEqual(clusterSeeds(`${scheme}://u:p%40,@h1:7000,[::1]`), nodes);
    t.deepEqual(parse(`${scheme}://u:p%40,@h1:7000,[::1]/0`), { username: "u", password: "p@," });
  }
  for (const scheme of ["rediss+cluster", "valkeys+cluster"]) {
    t.deepEqual(clusterSeeds(`${scheme}://h1:7000,[::1]?ssl_cert_reqs=none`), nodes);
    t.deepEqual(parse(`${scheme}://h1:7000,[::1]?ssl_cert_reqs=none`), { tls: { rejectUnauthorized: false } });
  }
  t.is(clusterSeeds("redis://h"), undefined);
});

for (const [url, reason] of [
  ["redis+cluster://h/1", /a cluster has no database but 0/],
  ["redis://h:99999", /port "99999"/],
  ["redis://h:x", /port "x"/],
  ["redis://h?db=x", /database "x"/],
  ["redis://h?db=-1", /database "-1"/],
  ["redis://:p/q@h", /percent-encoded/],
  ["redis://:p?q=r@h", /percent-encoded/],
  ["redis://u:1/q@h", /percent-encoded/],
  ["unix://", /no socket file/],
  ["http://h", /not one of redis/],
  ["localhost:6379", /not a URL/],
  ["rediss://h?ssl_cert_reqs=maybe", /ssl_cert_reqs/],
  ["rediss://h?ssl_ca_certs=/nowhere.pem", /cannot read ssl_ca_certs/],
] as const) {
  test(`${url} is refused`, (t) => {
    const error = t.throws(() => parse(url), { instanceOf: BridgeError });
    t.is(error.code, "BRIDGE_INVALID_URL");
    t.regex(error.message, reason);
  });
}

test("an error names the URL, and never its password", (t) => {
  for (const url of [
    "redis://user:hunter2@h:x",
    "redis://:hunter2@h?db=x",
    "redis://:hunter2%zz@h:x",
    "redis://user:hun?x=ter2@h",
    "redis://user:hun/ter2@h:x",
    "redis://user:hun@ter2@h:x",
    "redis+sentinel://user:hunter2@h1:x/0/s",
    "redis+cluster://user:hunter2@h1,h2/1",
    "unix:///x?password=hunter2&db=x",
  ]) {
    const error = t.throws(() => parse(url), { instanceOf: BridgeError });
    t.notRegex(error.message, /hun|ter2/, url);
    t.notRegex(JSON.stringify(error), /hunter2/, url);
  }
});
