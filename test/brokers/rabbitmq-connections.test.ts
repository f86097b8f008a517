import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { inspect } from "node:util";
import type { ExecutionContext } from "ava";
import { generate } from "selfsigned";
import { launchRabbitmq, type TestRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { freePort } from "../../scripts/environment/free-port.js";
import type { BusStatus } from "../../src/bus/bus.js";
import { rabbitmqBus } from "../../src/bus/rabbitmq/rabbitmq-bus.js";
import { createEmitter } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testCredentials } from "../contracts/connections/credentials.js";
import { testEarlyClose } from "../contracts/connections/early-close.js";
import { testRefusals } from "../contracts/connections/refusals.js";
import { testUnanswered } from "../contracts/connections/unanswered.js";
import { testUnreachable } from "../contracts/connections/unreachable.js";
import { forwardTo } from "../helpers/forward.js";
import { startProxy } from "../helpers/proxy.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const test = testWithBroker(launchRabbitmq);

/** A message over the URL reaches a reader on the other one, and the other way round. */
async function assertBothWays(t: ExecutionContext, url: string, other: string, channel = ownChannel()): Promise<void> {
  const received = new Inbox<string>();
  const buses = await Promise.all(
    [url, other].map(async (at) => {
      const bus = rabbitmqBus({ url: at });
      cleanUp(t, () => bus.close());
      await bus.subscribe(channel, (payload) => received.add(`${at} received ${Buffer.from(payload)}`));
      return bus;
    }),
  );
  await Promise.all(buses.map((bus, number) => bus.publish(channel, String(number))));
  for (const expected of [url, other].flatMap((at) => [`${at} received 0`, `${at} received 1`])) {
    await received.find(expected, (text) => text === expected);
  }
  t.pass();
}

/** A user who has these rights in the virtual host "/". */
async function addUser(
  { api }: TestRabbitmq,
  name: string,
  rights: { configure: string; write: string; read: string },
): Promise<void> {
  await api("PUT", `users/${name}`, { password: "hunter2", tags: "" });
  await api("PUT", `permissions/%2F/${name}`, rights);
}

testCredentials(test, {
  title: "RabbitMQ",
  what: "amqp://",
  refusal: /ACCESS_REFUSED - Login was refused/,
  startAccount: async (t, password) => {
    const { api, ctl, port } = t.context;
    const username = ownChannel();
    const setPassword = (to: string) => api("PUT", `users/${username}`, { password: to, tags: "" });
    await setPassword(password);
    await api("PUT", `permissions/%2F/${username}`, { configure: ".*", write: ".*", read: ".*" });
    return {
      url: `amqp://127.0.0.1:${port}`,
      username,
      setPassword,
      disconnect: () => ctl("close_all_user_connections", username, "the password has changed"),
    };
  },
});

testRefusals(test, {
  what: "amqp://",
  refusal: /ACCESS_REFUSED/,
  startRights: async (t, channel) => {
    const user = ownChannel();
    const allow = (to: string) => addUser(t.context, user, rightsFor(to));
    await allow("nothing");
    return {
      url: asUser(`amqp://127.0.0.1:${t.context.port}`, user),
      grant: () => allow(`${channel}|${channel}.node`),
      revoke: async () => {
        await allow("nothing");
        await t.context.ctl("close_all_user_connections", user, "rights have changed");
      },
    };
  },
});

/** How basic.consume-ok begins. */
const CONSUME_OK = Buffer.from([0, 60, 0, 21]);

testUnanswered(test, {
  what: "amqp://",
  makeUrl: ({ url, port }, proxy) => url.replace(`:${port}`, `:${proxy}`),
  isAnswer: (bytes) => bytes.includes(CONSUME_OK),
  reason: /^RabbitMQ at 127.*:\d+: it does not answer who subscribes to ".*" within 20 s$/,
});

testUnreachable(test, [
  {
    title: "several RabbitMQs that are down",
    makeUrl: async () => `amqp://127.0.0.1:${await freePort()};127.0.0.1:${await freePort()};no-such-host.invalid`,
    reasons: [/^RabbitMQ at 127.*ECONNREFUSED/, /^RabbitMQ at 127.*ECONNREFUSED/, /^RabbitMQ at no-such.*getaddrinfo/],
  },
]);

const asUser = (url: string, name: string, password = "hunter2"): string =>
  url.replace("amqp://", `amqp://${name}:${password}@`);

/** Log lines of an emitter that never succeeds. */
async function failingEmitter(t: ExecutionContext, url: string): Promise<readonly string[]> {
  const lines: string[] = [];
  const logger = { info: () => {}, warn: (line: string) => lines.push(line) };
  const emitter = createEmitter(url, { logger, outage: { maxAge: 4_000 }, channel: ownChannel() });
  cleanUp(t, () => emitter.close());
  const attempts: BusStatus[] = [];
  emitter.onStatus((status) => status.type === "reconnecting" && attempts.push(status));
  await t.throwsAsync(emitter.emit("x"), { message: /dropped: age/ });
  t.true(attempts.length > 1);
  return lines;
}

test("an unreachable host gives one error that names it, however often it is tried", async (t) => {
  const port = await freePort();
  t.deepEqual(await failingEmitter(t, `amqp://bob:hunter2@127.0.0.1:${port}/v`), [
    `[socketio-python-bridge] RabbitMQ at 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}`,
    "[socketio-python-bridge] no connection to the broker; trying again",
    "[socketio-python-bridge] messages dropped: 1 (age)",
  ]);
});

test("a wrong password gives one error that names the host and not the password", async (t) => {
  const [line, ...others] = await failingEmitter(t, asUser(t.context.url, "guest", "hunter3"));
  t.regex(line ?? "", new RegExp(`RabbitMQ at 127.0.0.1:${t.context.port}: ACCESS_REFUSED - Login was refused`));
  t.is(others.length, 2);
  t.notRegex([line, ...others].join("\n"), /hunter/);
});

test("a virtual host that does not exist gives one error that says so", async (t) => {
  const [line, ...others] = await failingEmitter(t, `amqp://127.0.0.1:${t.context.port}/nowhere`);
  t.regex(line ?? "", /the virtual host "nowhere" does not exist, or "guest" may not use it/);
  t.is(others.length, 2);
});

test("a password is in no error, not even in its cause", async (t) => {
  const bus = rabbitmqBus({ url: asUser(t.context.url, "guest", "hunter3"), outage: { maxAge: 4_000 } });
  cleanUp(t, () => bus.close());
  const statuses: BusStatus[] = [];
  bus.onStatus((status) => statuses.push(status));
  await t.throwsAsync(bus.publish("c", "a secret payload"));
  t.true(statuses.some(({ type }) => type === "error"));
  t.notRegex(inspect(statuses, { depth: 10 }), /hunter3|secret payload/);
});

test("virtual hosts are found, whatever is in their names", async (t) => {
  for (const vhost of ["plain", "/", "a/b", "a b", "ünï%2F"]) {
    const escaped = encodeURIComponent(vhost);
    await t.context.api("PUT", `vhosts/${escaped}`);
    await t.context.api("PUT", `permissions/${escaped}/guest`, { configure: ".*", write: ".*", read: ".*" });
    const url = `amqp://guest:guest@127.0.0.1:${t.context.port}/${escaped}`;
    const channel = ownChannel();
    await assertBothWays(t, url, url, channel);
    const exchange = await t.context.api("GET", `exchanges/${escaped}/${channel}`);
    t.like(exchange, { vhost });
  }
});

test("one URL serves kombu, aio-pika and Node", async (t) => {
  for (const path of ["", "/", "//", "/%2F"]) {
    const url = `amqp://127.0.0.1:${t.context.port}${path}`;
    const channel = ownChannel();
    const bus = rabbitmqBus({ url });
    cleanUp(t, () => bus.close());
    const inbox = new Inbox<string>();
    await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
    for (const kind of ["threaded", "asgi"] as const) {
      const peer = await startPeer(t, kind, url, channel);
      await peer.request("emit", { event: `${kind} at ${url}` });
      await inbox.find("the emit", (text) => text.includes(`${kind} at ${url}`));
    }
  }
  t.pass();
});

/** What docs/operate.md says is enough. */
const rightsFor = (channel: string) => ({
  configure: `^(${channel}|socketio-python-bridge\\..*)$`,
  write: `^(${channel}|socketio-python-bridge\\..*)$`,
  read: `^(${channel}|socketio-python-bridge\\..*)$`,
});

test("a user needs rights on the channel and on what begins with socketio-python-bridge", async (t) => {
  const channel = ownChannel();
  await addUser(t.context, "enough", rightsFor(channel));
  await assertBothWays(t, asUser(t.context.url, "enough"), t.context.url, channel);
});

test("a user without rights on the channel gets an error, and still receives other channels", async (t) => {
  const [allowed, forbidden] = [ownChannel(), ownChannel()];
  await addUser(t.context, "bob", rightsFor(allowed));
  const bus = rabbitmqBus({ url: asUser(t.context.url, "bob") });
  cleanUp(t, () => bus.close());
  const inbox = new Inbox<string>();
  const subscribed = bus.subscribe(allowed, (payload) => inbox.add(Buffer.from(payload).toString()));
  // RabbitMQ 4 says which access: "configure access to exchange".
  const reason = `refused to subscribe to "${forbidden}": ACCESS_REFUSED - (configure )?access to exchange`;
  const refused = t.throwsAsync(
    bus.subscribe(forbidden, () => {}),
    { code: "BRIDGE_BROKER_UNAVAILABLE", message: new RegExp(`RabbitMQ at 127.0.0.1:${t.context.port} ${reason}`) },
  );
  await Promise.all([subscribed, refused]);
  await t.throwsAsync(bus.publish(forbidden, "x"), {
    code: "BRIDGE_BROKER_UNAVAILABLE",
    message: new RegExp(`127.0.0.1:${t.context.port} refused to publish to "${forbidden}": ACCESS_REFUSED`),
  });
  await bus.publish(allowed, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test("a user who may declare and not write gets an error for each message", async (t) => {
  const channel = ownChannel();
  await addUser(t.context, "reader", { configure: ".*", write: "^socketio-python-bridge", read: ".*" });
  const bus = rabbitmqBus({ url: asUser(t.context.url, "reader"), heartbeatInterval: 2_000 });
  cleanUp(t, () => bus.close());
  const statuses = new Inbox<BusStatus>();
  bus.onStatus((status) => statuses.add(status));
  const inbox = new Inbox<string>();
  await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
  for (const text of ["one", "two"]) {
    await t.throwsAsync(bus.publish(channel, text), { message: /refused to publish to ".*": ACCESS_REFUSED/ });
  }
  // It still receives what others publish, though not its own messages.
  const other = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => other.close());
  await other.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
  t.is(statuses.items.filter(({ type }) => type === "error").length, 1);
  t.false(statuses.items.some(({ type }) => type === "stale" || type === "reconnecting"));
});

test("a right that is revoked and granted again is used again", async (t) => {
  const channel = ownChannel();
  await addUser(t.context, "carol", rightsFor(channel));
  const bus = rabbitmqBus({ url: asUser(t.context.url, "carol") });
  cleanUp(t, () => bus.close());
  const [inbox, statuses] = [new Inbox<string>(), new Inbox<BusStatus>()];
  bus.onStatus((status) => statuses.add(status));
  await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
  await addUser(t.context, "carol", rightsFor("nothing"));
  const queues = (await t.context.api("GET", "queues")) as { readonly name: string }[];
  const queue = queues.find(({ name }) => name.endsWith(channel))?.name ?? "";
  const refused = statuses.find(
    "the refusal",
    (status) => status.type === "error" && /refused to subscribe/.test(status.error.message),
  );
  await t.context.api("DELETE", `queues/%2F/${queue}`);
  await refused;
  const seen = new Set(statuses.items);
  const ready = statuses.find("ready", (status) => status.type === "ready" && !seen.has(status));
  await addUser(t.context, "carol", rightsFor(channel));
  await ready;
  await bus.publish(channel, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
});

test("of several brokers the next one is used when one does not answer", async (t) => {
  const [away, proxy] = [await freePort(), await startProxy(t, t.context.port)];
  await assertBothWays(t, `amqp://127.0.0.1:${away};127.0.0.1:${proxy.port}`, t.context.url);
});

test("amqps:// checks the certificate, against the authority of the URL or of the options, or not at all", async (t) => {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
  });
  const port = await freePort();
  const listen = await forwardTo(t, t.context, (onSocket) => createTlsServer({ key, cert }, onSocket));
  await listen(port, "127.0.0.1");
  const authority = join(temporaryDirectory(t), "ca.pem");
  writeFileSync(authority, cert);

  const url = `amqps://localhost:${port}`;
  await assertBothWays(t, `${url}?cafile=${encodeURIComponent(authority)}`, t.context.url);
  await assertBothWays(t, `${url}?no_verify_ssl=1`, t.context.url);
  const bus = rabbitmqBus({ url, tls: { ca: cert } });
  cleanUp(t, () => bus.close());
  await bus.publish(ownChannel(), "hello");
  const [line] = await failingEmitter(t, url);
  t.regex(line ?? "", new RegExp(`RabbitMQ at localhost:${port}: self-signed certificate`));
});

testEarlyClose(test, [
  {
    title: "a RabbitMQ whose certificate is refused",
    makeUrl: async (t) => {
      const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec" });
      const port = await freePort();
      const listen = await forwardTo(t, t.context, (onSocket) => createTlsServer({ key, cert }, onSocket));
      await listen(port, "127.0.0.1");
      return `amqps://127.0.0.1:${port}`;
    },
  },
  {
    title: "a RabbitMQ that refuses the password",
    makeUrl: (t) => asUser(t.context.url, "guest", "hunter3"),
  },
]);

test("a broker that does not answer is given up; close() does not wait for it", async (t) => {
  const proxy = await startProxy(t, t.context.port);
  proxy.freeze();
  const bus = rabbitmqBus({ url: `amqp://127.0.0.1:${proxy.port}`, outage: { maxAge: 60_000 } });
  const statuses = new Inbox<BusStatus>();
  bus.onStatus((status) => statuses.add(status));
  const dropped = t.throwsAsync(bus.publish("c", "x"), { code: "BRIDGE_MESSAGE_DROPPED" });
  const error = await statuses.find("the error", ({ type }) => type === "error");
  t.regex(error.type === "error" ? error.error.message : "", /RabbitMQ at .*: connect ETIMEDOUT/);
  await bus.close();
  await dropped;
});
