import { pbkdf2Sync, randomBytes } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { alterUserScramCredentialsV0, Connection } from "@platformatic/kafka";
import type { ExecutionContext } from "ava";
import { type KafkaSetup, launchKafka, type TestKafka } from "../../scripts/environment/brokers/kafka.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { kafkaBus } from "../../src/bus/kafka/kafka-bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testCredentials } from "../contracts/connections/credentials.js";
import { openBus } from "../helpers/open-bus.js";
import { startProxy } from "../helpers/proxy.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/**
 * How long a login by token is good, in milliseconds. So short that a connection which does not survive it is an outage. The
 * client renews it after four fifths, and Kafka refuses a second renewal within a second.
 */
const LOGIN_MS = 2_000;

const MODULES = "org.apache.kafka.common.security";

interface Broker extends TestKafka {
  /** Where clients of the listener PASSWORD are sent: a proxy that each test starts. */
  readonly proxyPort: number;
}

async function launch(): Promise<Broker> {
  const proxyPort = await freePort();
  const setup: KafkaSetup = {
    listeners: {
      PASSWORD: { protocol: "SASL_PLAINTEXT", advertised: `127.0.0.1:${proxyPort}` },
      TOKEN: { protocol: "SASL_PLAINTEXT" },
    },
    config: [
      "listener.name.password.sasl.enabled.mechanisms=SCRAM-SHA-256",
      `listener.name.password.scram-sha-256.sasl.jaas.config=${MODULES}.scram.ScramLoginModule required;`,
      "listener.name.token.sasl.enabled.mechanisms=OAUTHBEARER",
      `listener.name.token.oauthbearer.sasl.jaas.config=${MODULES}.oauthbearer.OAuthBearerLoginModule required;`,
      `listener.name.token.oauthbearer.connections.max.reauth.ms=${LOGIN_MS}`,
    ],
  };
  return { ...(await launchKafka(setup)), proxyPort };
}

const test = testWithBroker(launch);

const ITERATIONS = 4_096;

async function setPassword({ port }: Broker, name: string, password: string): Promise<void> {
  const connection = new Connection("tests");
  await connection.connect("127.0.0.1", port);
  const salt = randomBytes(16);
  const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, 32, "sha256");
  const user = { name, mechanism: 1, iterations: ITERATIONS, salt, saltedPassword };
  await alterUserScramCredentialsV0.api.async(connection, [], [user]);
  await connection.close();
}

/** It is written at once, and known to the broker a moment later. */
async function untilKnown({ ports }: Broker, username: string, password: string): Promise<void> {
  for (;;) {
    const connection = new Connection("tests", { sasl: { mechanism: "SCRAM-SHA-256", username, password } });
    connection.on("error", () => {});
    try {
      await connection.connect("127.0.0.1", ports.PASSWORD as number);
      await connection.close();
      return;
    } catch {
      await connection.close().catch(() => {});
    }
  }
}

testCredentials(test, {
  title: "Kafka",
  what: "kafka://",
  refusal: /SASL_AUTHENTICATION_FAILED/,
  startAccount: async (t, password) => {
    const { proxyPort, ports } = t.context;
    const username = ownChannel();
    const change = async (to: string) => {
      await setPassword(t.context, username, to);
      await untilKnown(t.context, username, to);
    };
    await change(password);
    const proxy = await startProxy(t, ports.PASSWORD as number, proxyPort);
    return {
      url: `kafka://127.0.0.1:${proxyPort}?sasl_mechanism=SCRAM-SHA-256`,
      username,
      setPassword: change,
      disconnect: async () => {
        await proxy.cut();
        await proxy.restore();
      },
    };
  },
});

/** As the broker accepts it without a signature. @param lifetime - seconds */
function token(lifetime: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: "alice", iat: now - 100, exp: now + lifetime })}.`;
}

function openWithToken(t: ExecutionContext<Broker>, makeToken: () => string | Promise<string>) {
  const url = `kafka://127.0.0.1:${t.context.ports.TOKEN}`;
  let asked = 0;
  const credentials = async () => {
    asked += 1;
    return { password: await makeToken() };
  };
  const opened = openBus(t, kafkaBus({ url, sasl: { mechanism: "OAUTHBEARER" }, credentials }));
  return { ...opened, asked: () => asked };
}

test("OAUTHBEARER: a token that is refused is one error, and the next attempt asks for another", async (t) => {
  let lifetime = -50;
  const { bus, listen, next, errors } = openWithToken(t, () => token(lifetime));
  const channel = ownChannel();
  const listening = listen(channel);
  await next("reconnecting", ({ attempt }) => attempt === 4);
  t.is(errors().length, 1, errors().join("\n"));
  t.regex(errors()[0] ?? "", /^Kafka at 127.*: the token was refused: .*invalid_token/);
  t.notRegex(errors()[0] ?? "", /ey\w+/);
  lifetime = 3_600;
  const inbox = await listening;
  await bus.publish(channel, "hello");
  await inbox.find("hello", (text) => text === "hello");
});

test("OAUTHBEARER: a login that runs out is renewed with another token, over the same connection", async (t) => {
  const { bus, listen, asked, errors, statuses } = openWithToken(t, () => token(3_600));
  const channel = ownChannel();
  const inbox = await listen(channel);
  const atFirst = asked();
  for (let number = 0; asked() < 3 * atFirst; number += 1) {
    await bus.publish(channel, String(number));
    await inbox.find(`message ${number}`, (text) => text === String(number));
  }
  t.deepEqual(errors(), []);
  t.false(statuses.items.some(({ type }) => type === "reconnecting"));
  t.is(new Set(inbox.items).size, inbox.items.length);
});

test("OAUTHBEARER: what is published while a login is renewed waits for it", async (t) => {
  const [logins, held] = [new Inbox<string>(), new Inbox<() => void>()];
  const { bus, errors, statuses } = openWithToken(t, async () => {
    logins.add("asked for");
    if (logins.items.length > 1) {
      await new Promise<void>((resolve) => held.add(resolve));
    }
    return token(3_600);
  });
  const { listen } = openBus(t, kafkaBus({ url: `kafka://127.0.0.1:${t.context.port}` }));
  const channel = ownChannel();
  const inbox = await listen(channel);
  await bus.publish(channel, "first");
  const renew = await held.find("the renewal", () => true);
  const published = Promise.all([bus.publish(channel, "second"), bus.publish(channel, "third")]);
  // What would be sent is sent.
  await setImmediate();
  renew();
  await inbox.find("the last", (text) => text === "third");
  await published;
  t.deepEqual(inbox.items, ["first", "second", "third"]);
  t.deepEqual(errors(), []);
  t.false(statuses.items.some(({ type }) => type === "reconnecting"));
});

test("a token may be in the options", async (t) => {
  const url = `kafka://127.0.0.1:${t.context.ports.TOKEN}`;
  const bus = kafkaBus({ url, sasl: { mechanism: "OAUTHBEARER", password: token(3_600) } });
  cleanUp(t, () => bus.close());
  await bus.publish(ownChannel(), "hello");
  t.pass();
});
