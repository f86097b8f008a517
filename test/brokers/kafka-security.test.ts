import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  type Acl,
  AclOperations,
  AclPermissionTypes,
  ResourcePatternTypes,
  ResourceTypes,
  SASLMechanisms,
} from "@platformatic/kafka";
import anyTest, { type ExecutionContext, type TestFn } from "ava";
import { generate } from "selfsigned";
import { kafkaAdmin, launchKafka, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { type KafkaBusOptions, kafkaBus } from "../../src/bus/kafka/kafka-bus.js";
import { BridgeError } from "../../src/errors.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testEarlyClose } from "../contracts/connections/early-close.js";
import { testRefusals } from "../contracts/connections/refusals.js";
import { testUnreachable } from "../contracts/connections/unreachable.js";
import { connectClient } from "../helpers/clients.js";
import { startNodeHost } from "../helpers/node-host.js";
import { openBus } from "../helpers/open-bus.js";
import { startScript } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { moduleUrl } from "../helpers/run-from.js";

interface Context {
  readonly kafka: TestKafka;
  readonly certificate: string;
}

const test = anyTest as TestFn<Context>;
let kafka: TestKafka | undefined;

type T = ExecutionContext<Context>;

const MECHANISMS = [SASLMechanisms.PLAIN, SASLMechanisms.SCRAM_SHA_256, SASLMechanisms.SCRAM_SHA_512];
const NOBODY = "no-such-host.invalid";

/** Two listeners take a user and her password, by three mechanisms; what she may do is said topic by topic. */
function configuration(key: string, certificate: string): readonly string[] {
  const pem = (text: string) => text.trim().replaceAll("\r", "").replaceAll("\n", "\\n");
  const modules = "org.apache.kafka.common.security";
  const login = (name: string) => [
    `listener.name.${name}.sasl.enabled.mechanisms=${MECHANISMS.join(",")}`,
    `listener.name.${name}.plain.sasl.jaas.config=${modules}.plain.PlainLoginModule required user_alice="wonder&land";`,
    ...["256", "512"].map(
      (bits) => `listener.name.${name}.scram-sha-${bits}.sasl.jaas.config=${modules}.scram.ScramLoginModule required;`,
    ),
  ];
  const encryption = (name: string) => [
    `listener.name.${name}.ssl.keystore.type=PEM`,
    `listener.name.${name}.ssl.keystore.key=${pem(key)}`,
    `listener.name.${name}.ssl.keystore.certificate.chain=${pem(certificate)}`,
  ];
  return [
    ...login("login"),
    ...encryption("tls"),
    ...login("both"),
    ...encryption("both"),
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users=User:ANONYMOUS",
    "allow.everyone.if.no.acl.found=true",
  ];
}

test.before(async (t) => {
  const { private: key, cert: certificate } = await generate([{ name: "commonName", value: "localhost" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  const launched = await launchKafka({
    listeners: {
      LOGIN: { protocol: "SASL_PLAINTEXT" },
      TLS: { protocol: "SSL" },
      BOTH: { protocol: "SASL_SSL" },
      ELSEWHERE: { protocol: "PLAINTEXT", advertised: `${NOBODY}:9092` },
    },
    config: configuration(key, certificate),
    scram: ["256", "512"].map((bits) => `SCRAM-SHA-${bits}=[name=alice,password=wonder&land]`),
  });
  kafka = launched;
  t.context = { kafka: launched, certificate };
});

test.after.always(() => kafka?.kill());

const at = (t: T, listener: string) => `127.0.0.1:${t.context.kafka.ports[listener]}`;
const open = (t: T, options: KafkaBusOptions) => openBus(t, kafkaBus(options));
const openAsAlice = (t: T) => open(t, { url: `kafka://alice:wonder%26land@${at(t, "LOGIN")}` });

/** What is published there arrives at one who needs no login, and the other way round. */
async function assertBothWays(t: T, options: KafkaBusOptions): Promise<void> {
  const channel = ownChannel();
  const [tested, plain] = [open(t, options), open(t, { url: t.context.kafka.url })];
  const inboxes = [await tested.listen(channel), await plain.listen(channel)];
  await tested.bus.publish(channel, "from the tested one");
  await plain.bus.publish(channel, "from the plain one");
  for (const inbox of inboxes) {
    await inbox.find("the last", (text) => text === "from the plain one");
    t.deepEqual(inbox.items, ["from the tested one", "from the plain one"]);
  }
}

for (const mechanism of MECHANISMS) {
  test(`a login by ${mechanism}`, async (t) => {
    const sasl = { mechanism: mechanism as "PLAIN", username: "alice", password: "wonder&land" };
    await assertBothWays(t, { url: `kafka://${at(t, "LOGIN")}`, sasl });
  });
}

test("TLS, by options", async (t) => {
  await assertBothWays(t, { url: `kafka://${at(t, "TLS")}`, tls: { ca: t.context.certificate } });
});

test("one URL with login and TLS serves Node and Python", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "bridge-"));
  cleanUp(t, () => rmSync(directory, { recursive: true }));
  const authority = join(directory, "ca.pem");
  writeFileSync(authority, t.context.certificate);
  const query = new URLSearchParams({
    security_protocol: "SASL_SSL",
    sasl_mechanism: "SCRAM-SHA-512",
    sasl_plain_username: "alice",
    sasl_plain_password: "wonder&land",
    ssl_cafile: authority,
  });
  const url = `kafka://${at(t, "BOTH")},${at(t, "BOTH")}?${query}`;
  await assertBothWays(t, { url });
  const channel = ownChannel();
  const node = await startNodeHost(t, url, { channel });
  const python = await startPeer(t, "threaded", url, channel);
  const [onNode, onPython] = [await connectClient(t, node.url), await connectClient(t, python.url)];
  await python.request("emit", { event: "from Python", data: 1 });
  await onNode.until("from Python");
  node.io.emit("from Node", 2);
  await onPython.until("from Node");
  t.pass();
});

for (const [what, makeOptions, reason] of [
  [
    "a wrong password",
    (t) => ({ url: `kafka://alice:hatter@${at(t, "LOGIN")}` }),
    /Authentication failed: Invalid username or password \(SASL_AUTHENTICATION_FAILED\)$/,
  ],
  [
    "a wrong password for SCRAM",
    (t) => ({ url: `kafka://alice:hatter@${at(t, "LOGIN")}?sasl_mechanism=SCRAM-SHA-256` }),
    /Authentication failed .*\(SASL_AUTHENTICATION_FAILED\)$/,
  ],
  ["no login", (t) => ({ url: `kafka://${at(t, "LOGIN")}` }), /does it want TLS or a login\?$/],
  ["no TLS", (t) => ({ url: `kafka://${at(t, "TLS")}` }), /does it want TLS or a login\?$/],
  [
    "an unknown authority",
    (t) => ({ url: `kafka://${at(t, "TLS")}?security_protocol=SSL` }),
    /self-signed certificate/,
  ],
  ["TLS where there is none", (t) => ({ url: t.context.kafka.url, tls: {} }), /TLS/],
] as const satisfies readonly (readonly [string, (t: T) => KafkaBusOptions, RegExp])[]) {
  test(`${what} is one clear error with host and reason, and the bus keeps trying`, async (t) => {
    const options = makeOptions(t);
    const { bus, statuses, next } = open(t, options);
    const [failed, again] = [next("error"), next("reconnecting", ({ attempt }) => attempt === 3)];
    const subscribed = t.throwsAsync(
      bus.subscribe(ownChannel(), () => {}),
      { instanceOf: BridgeError },
    );
    const { error } = await failed;
    t.true(error instanceof BridgeError);
    t.is(error.code, "BRIDGE_BROKER_UNAVAILABLE");
    t.true(error.message.startsWith(`Kafka at ${/127.*:\d+/.exec(options.url as string)?.[0]}: `), error.message);
    t.regex(error.message, reason);
    t.notRegex(inspect(error, { depth: 10, showHidden: true }), /hatter|wonder/);
    await again;
    t.is(statuses.items.filter(({ type }) => type === "error").length, 1);
    await bus.close();
    t.is((await subscribed)?.code, "BRIDGE_CLOSED");
  });
}

test("after logins that failed the process ends by itself", async (t) => {
  const url = `kafka://alice:hatter@${at(t, "LOGIN")}`;
  const program = startScript(
    t,
    `const { kafkaBus } = await import(${JSON.stringify(moduleUrl("src/bus/kafka/kafka-bus.ts").href)});
    const bus = kafkaBus({ url: ${JSON.stringify(url)} });
    const third = new Promise((resolve) => bus.onStatus(({ attempt }) => attempt === 3 && resolve()));
    bus.publish("ending", "x").catch(({ code }) => console.log(code));
    await third;
    await bus.close();`,
  );
  t.is(await program.exited(), 0);
  t.deepEqual(program.stdout.items, ["BRIDGE_MESSAGE_DROPPED"]);
});

for (const [what, makeUrl, reason] of [
  ["a host that does not exist", () => `kafka://${NOBODY}`, `Kafka at ${NOBODY}:9092: getaddrinfo `],
  [
    "a broker that sends its clients to a host that does not exist",
    (t: T) => `kafka://${at(t, "ELSEWHERE")}`,
    `Kafka at ${NOBODY}:9092, as its cluster advertises it: getaddrinfo `,
  ],
] as const) {
  test(`${what} is named`, async (t) => {
    const { bus, next } = open(t, { url: makeUrl(t) });
    const failed = next("error");
    bus.publish(ownChannel(), "x").catch(() => {});
    const { error } = await failed;
    t.is(error.code, "BRIDGE_BROKER_UNAVAILABLE");
    t.true(error.message.startsWith(reason), error.message);
  });
}

testUnreachable(test, [
  {
    title: "several brokers of Kafka that are down",
    makeUrl: async () => `kafka://127.0.0.1:${await freePort()},127.0.0.1:${await freePort()},${NOBODY}`,
    reasons: [/^Kafka at 127.*ECONNREFUSED/, /^Kafka at 127.*ECONNREFUSED/, /^Kafka at no-such.*getaddrinfo/],
  },
]);

testEarlyClose(test, [
  {
    title: "a Kafka whose certificate is refused",
    makeUrl: (t) => `kafka://${at(t, "TLS")}?security_protocol=SSL`,
  },
  {
    title: "a Kafka that refuses the password",
    makeUrl: (t) => `kafka://alice:hatter@${at(t, "LOGIN")}`,
  },
]);

/** From now on only that user may do that. */
async function allow(
  t: T,
  resource: Pick<Acl, "resourceType" | "resourceName">,
  operation: keyof typeof AclOperations,
  user = "alice",
): Promise<void> {
  const admin = kafkaAdmin(t, t.context.kafka);
  const acl: Acl = {
    ...resource,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${user}`,
    host: "*",
    operation: AclOperations[operation],
    permissionType: AclPermissionTypes.ALLOW,
  };
  await admin.createAcls({ creations: [acl] });
  // It is written then, and known to the broker a moment later.
  while ((await admin.describeAcls({ filter: acl })).length === 0) {
    t.log("not known yet");
  }
}

/** From now on that user may do nothing there. */
async function disallow(t: T, resource: Pick<Acl, "resourceType" | "resourceName">, user: string): Promise<void> {
  const filter = {
    ...resource,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: `User:${user}`,
    host: "*",
    operation: AclOperations.ANY,
    permissionType: AclPermissionTypes.ANY,
  };
  await kafkaAdmin(t, t.context.kafka).deleteAcls({ filters: [filter] });
}

const topic = (resourceName: string) => ({ resourceType: ResourceTypes.TOPIC, resourceName });
const CLUSTER = { resourceType: ResourceTypes.CLUSTER, resourceName: "kafka-cluster" };

test("without the right to read a topic, subscribe() rejects, and the bus still serves others", async (t) => {
  const { bus, listen, statuses } = openAsAlice(t);
  const [hidden, shown, other] = [ownChannel(), ownChannel(), ownChannel()];
  const admin = kafkaAdmin(t, t.context.kafka);
  await admin.createTopics({ topics: [hidden, shown], partitions: 1 });
  await allow(t, topic(hidden), "CREATE");
  await allow(t, topic(shown), "DESCRIBE");
  for (const channel of [hidden, shown]) {
    const error = await t.throwsAsync(
      bus.subscribe(channel, () => {}),
      { instanceOf: BridgeError },
    );
    t.is(error?.code, "BRIDGE_BROKER_UNAVAILABLE");
    const message = `Kafka refused to let us read "${channel}": Kafka at ${at(t, "LOGIN")}: `;
    t.true(error?.message.startsWith(message), error?.message);
    t.regex(error?.message ?? "", /TOPIC_AUTHORIZATION_FAILED/);
  }
  const inbox = await listen(other);
  await bus.publish(other, "hello");
  await inbox.find("hello", () => true);
  t.is(statuses.items.filter(({ type }) => type === "reconnecting").length, 0);
});

test("without the right to write a topic, each of its messages is refused, and others are not", async (t) => {
  const { bus, listen, next } = openAsAlice(t);
  const [channel, other] = [ownChannel(), ownChannel()];
  await kafkaAdmin(t, t.context.kafka).createTopics({ topics: [channel], partitions: 1 });
  await allow(t, topic(channel), "READ");
  await listen(channel);
  const dropped = next("dropped");
  const error = await t.throwsAsync(bus.publish(channel, "x"), { instanceOf: BridgeError });
  t.is(error?.code, "BRIDGE_BROKER_UNAVAILABLE");
  t.true(error?.message.startsWith(`Kafka refused a message for "${channel}": Kafka at ${at(t, "LOGIN")}: `));
  t.regex(error?.message ?? "", /TOPIC_AUTHORIZATION_FAILED/);
  t.like(await dropped, { reason: "refused", count: 1 });
  await bus.publish(other, "hello");
});

test.serial("a topic that is missing and may not be created is one clear error", async (t) => {
  const channel = ownChannel();
  await allow(t, CLUSTER, "CREATE", "bob");
  await allow(t, topic(channel), "READ");
  await allow(t, topic(channel), "WRITE");
  const { bus } = openAsAlice(t);
  for (const refused of [bus.subscribe(channel, () => {}), bus.publish(channel, "x")]) {
    const error = await t.throwsAsync(refused, { instanceOf: BridgeError });
    t.is(error?.code, "BRIDGE_BROKER_UNAVAILABLE");
    t.true(
      error?.message.includes(`the topic "${channel}" is missing and could not be created: Kafka at ${at(t, "LOGIN")}`),
    );
    t.regex(error?.message ?? "", /TOPIC_AUTHORIZATION_FAILED/);
  }
});

testRefusals(test, {
  what: "kafka://",
  refusal: /TOPIC_AUTHORIZATION_FAILED/,
  startRights: async (t, channel) => {
    const topics = [channel, `${channel}.node`];
    await kafkaAdmin(t, t.context.kafka).createTopics({ topics, partitions: 1 });
    const all = (change: (name: string) => Promise<void>) => Promise.all(topics.map(change));
    // As soon as somebody is named, all others may not.
    await all((name) => allow(t, topic(name), "READ", "bob"));
    return {
      url: `kafka://alice:wonder%26land@${at(t, "LOGIN")}`,
      grant: () =>
        all(async (name) => {
          await allow(t, topic(name), "READ");
          await allow(t, topic(name), "WRITE");
        }),
      revoke: () => all((name) => disallow(t, topic(name), "alice")),
    };
  },
});
