import test from "ava";
import { kafkaBus } from "../../../src/bus/kafka/kafka-bus.js";
import { parseKafkaUrl } from "../../../src/bus/kafka/url.js";
import { BridgeError } from "../../../src/errors.js";
import { createAdapter } from "../../../src/index.js";

test("hosts and ports as KafkaManager of python-socketio takes them", (t) => {
  const hosts = (url: string) => parseKafkaUrl(url).bootstrap.map(({ host, port }) => `${host}:${port}`);
  t.deepEqual(hosts("kafka://"), ["localhost:9092"]);
  t.deepEqual(hosts("kafka://example"), ["example:9092"]);
  t.deepEqual(hosts("kafka://h1:1234,h2,h3:3456"), ["h1:1234", "h2:9092", "h3:3456"]);
  t.deepEqual(hosts("kafka://h1:1234/some/path"), ["h1:1234"]);
  t.deepEqual(hosts("KAFKA://[::1]:7000"), ["::1:7000"]);
});

test("by default there is neither TLS nor a login", (t) => {
  t.deepEqual(parseKafkaUrl("kafka://h"), { bootstrap: [{ host: "h", port: 9092 }] });
  t.deepEqual(parseKafkaUrl("kafka://h?acks=all&security_protocol=PLAINTEXT"), parseKafkaUrl("kafka://h"));
});

test("a login, by the arguments of kafka-python or before the hosts", (t) => {
  const plain = { mechanism: "PLAIN", username: "me", password: "p@ss" };
  t.deepEqual(parseKafkaUrl("kafka://me:p%40ss@h1,h2").sasl, plain);
  const query = "security_protocol=SASL_PLAINTEXT&sasl_plain_username=me&sasl_plain_password=p%40ss";
  t.deepEqual(parseKafkaUrl(`kafka://h?${query}`).sasl, plain);
  t.deepEqual(parseKafkaUrl(`kafka://h?${query}&sasl_mechanism=SCRAM-SHA-512`).sasl, {
    ...plain,
    mechanism: "SCRAM-SHA-512",
  });
  t.is(parseKafkaUrl("kafka://me:pw@h").tls, undefined);
});

test("a login that is asked for later needs no user, and no password", (t) => {
  const nobody = { mechanism: "PLAIN", username: "", password: "" };
  t.deepEqual(parseKafkaUrl("kafka://h", true).sasl, nobody as never);
  t.deepEqual(parseKafkaUrl("kafka://me@h?sasl_mechanism=OAUTHBEARER", true).sasl, {
    mechanism: "OAUTHBEARER",
    username: "me",
    password: "",
  });
  t.throws(() => parseKafkaUrl("kafka://h?security_protocol=PLAINTEXT", true), { message: /to log in/ });
});

test("TLS, by the arguments of kafka-python", (t) => {
  t.deepEqual(parseKafkaUrl("kafka://h?security_protocol=SSL").tls, {});
  t.deepEqual(parseKafkaUrl("kafka://me:pw@h?security_protocol=SASL_SSL").tls, {});
  t.truthy(parseKafkaUrl("kafka://h?security_protocol=SSL&ssl_check_hostname=false").tls?.checkServerIdentity);
  t.truthy(parseKafkaUrl("kafka://h?security_protocol=SSL&ssl_cafile=package.json").tls?.ca);
});

for (const [url, reason] of [
  ["kafka://h:99999", /port "99999"/],
  ["kafka://h1:1,h2:x", /port "x"/],
  ["kafka://SSL://h:1", /write security_protocol in the query/],
  ["redis://h", /not a kafka:\/\/ URL/],
  ["localhost:9092", /not a URL/],
  ["kafka://h?security_protocol=TLS", /security_protocol is one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL/],
  ["kafka://me:secret@h?security_protocol=SSL", /to log in, security_protocol is SASL_PLAINTEXT or SASL_SSL/],
  ["kafka://me:secret@h?sasl_mechanism=GSSAPI", /mechanism "GSSAPI" is not one of PLAIN, SCRAM-SHA-256/],
  ["kafka://h?sasl_mechanism=OAUTHBEARER", /SASL takes a token as its password/],
  ["kafka://me@h", /SASL takes a user name and a password/],
  ["kafka://h?security_protocol=SASL_SSL&sasl_plain_password=secret", /SASL takes a user name and a password/],
  ["kafka://h?security_protocol=SSL&ssl_cafile=/nowhere", /cannot read ssl_cafile/],
] as const) {
  test(`${url} is refused, without the password`, (t) => {
    const error = t.throws(() => parseKafkaUrl(url), { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_INVALID_URL");
    t.regex(error?.message ?? "", reason);
    t.notRegex(error?.message ?? "", /secret/);
  });
}

for (const [what, options, reason] of [
  ["an empty list", { url: [] }, /the list is empty/],
  ["a login without a password", { url: "kafka://h", sasl: { username: "me" } }, /a user name and a password/],
  ["an unknown mechanism", { url: "kafka://h", sasl: { mechanism: "PLAN" } }, /mechanism "PLAN" is not one of/],
  ["a heartbeat of nothing", { url: "kafka://h", heartbeatInterval: 0 }, /heartbeatInterval is 0/],
] as const) {
  test(`kafkaBus refuses ${what}`, (t) => {
    const error = t.throws(() => kafkaBus(options as never), { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_INVALID_OPTION");
    t.regex(error?.message ?? "", reason);
  });
}

test("a bus that was never used closes", async (t) => {
  const bus = kafkaBus({ url: ["kafka://h1", "kafka://h2:1234"] });
  await bus.close();
  t.notThrows(() => createAdapter("kafka://h1,h2:1234"));
});
