import { randomUUID } from "node:crypto";
import { memoryBus } from "../../../src/bus/memory.js";
import { encodeSideChannel } from "../../../src/protocol/side-channel/encode.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { withTimeout } from "../../../src/testing/with-timeout.js";
import { startRecovering } from "../../contracts/node-hosts/recovery.js";
import { frameOf, REAL_PICKLES, type RealPickle } from "../../helpers/pickles.js";
import { startProxy } from "../../helpers/proxy.js";
import { returningClient } from "../../helpers/returning-client.js";
import { type TestBroker, testWithBroker } from "../../helpers/shared-broker.js";

const test = testWithBroker<TestBroker>(async () => ({ url: `memory://${randomUUID()}`, kill: async () => {} }));

for (const where of ["first", "second"] as const) {
  test.serial(`a client resumes on the ${where} host while its old connection is not known to be dead`, async (t) => {
    const fleet = await startRecovering(t);
    const { first, second, client } = fleet;
    const proxy = await startProxy(t, Number(new URL(first.url).port));
    await client.leave((sid) => !first.io.sockets.sockets.has(sid));
    await client.comeTo(`http://127.0.0.1:${proxy.port}`);
    first.io.emit("before");
    await client.until("before");
    const { sid } = client;
    proxy.freeze();
    first.io.emit("into the void");
    first.io.to(sid).emit("to it alone");
    await fleet.settled();
    second.io.emit("of the other host");
    await client.leave(() => true);
    await fleet.settled();
    t.true(first.io.sockets.sockets.has(sid));
    t.true(await client.comeTo(fleet[where].url));
    t.is(client.sid, sid);
    t.is(first.io.sockets.sockets.has(sid), where === "first");
    second.io.emit("after");
    await client.until("after");
    const events = [["before"], ["into the void"], ["to it alone"], ["of the other host"], ["after"]];
    t.deepEqual(client.received.slice(-5), events);
  });
}

test.serial("missed events keep their arguments, as a pickle and in any dialect", async (t) => {
  const fleet = await startRecovering(t, { channel: "pickles", dialect: "5.13", legacyPickle: "data-only" });
  const { first, second, client } = fleet;
  const python = memoryBus(t.context.url.slice("memory://".length));
  cleanUp(t, () => python.close());
  const proxy = await startProxy(t, Number(new URL(first.url).port));
  await fleet.leave(first);
  await client.comeTo(`http://127.0.0.1:${proxy.port}`);
  first.io.emit("before");
  await client.until("before");
  proxy.freeze();
  // An emit to a client of this host is not bound by the dialect.
  first.io.to(client.sid).emit("to it alone", 1, [2]);
  first.io.emit("a list", [[3]]);
  await python.publish(
    "pickles",
    frameOf(REAL_PICKLES.findLast(({ name }) => name === "several arguments") as RealPickle),
  );
  await fleet.settled();
  await client.leave(() => true);
  t.true(await client.comeTo(second.url));
  second.io.emit("after");
  await client.until("after");
  const missed = [
    ["to it alone", 1, [2]],
    ["a list", [[3]]],
    ["e", 1, "twö", null, [3], { four: 4.5 }],
  ];
  t.deepEqual(client.received.slice(-4), [...missed, ["after"]]);
});

test.serial("what is emitted while middlewares look at a resuming client reaches it once", async (t) => {
  const recovery = { maxDisconnectionDuration: 60_000, skipMiddlewares: false };
  const fleet = await startRecovering(t, {}, { connectionStateRecovery: recovery });
  const { first, second, client } = fleet;
  first.io.emit("before");
  await client.until("before");
  await fleet.leave(first);
  second.io.emit("missed");
  await fleet.settled();
  first.io.use((_socket, next) => {
    first.io.emit("meanwhile");
    second.io.emit("meanwhile, of the other host");
    fleet.settled().then(() => next(), next);
  });
  t.true(await client.comeTo(first.url));
  first.io.emit("after");
  await client.until("after");
  const events = [["before"], ["missed"], ["meanwhile"], ["meanwhile, of the other host"], ["after"]];
  t.deepEqual(client.received, events);
});

test.serial("a client that a middleware rejects can try again", async (t) => {
  const recovery = { maxDisconnectionDuration: 60_000, skipMiddlewares: false };
  const fleet = await startRecovering(t, {}, { connectionStateRecovery: recovery });
  const { first, second, client } = fleet;
  first.io.emit("before");
  await client.until("before");
  await fleet.leave(first);
  first.io.emit("missed");
  await fleet.settled();
  let isRefused = true;
  for (const { io } of [first, second]) {
    io.use((_socket, next) => next(isRefused ? new Error("not now") : undefined));
  }
  await t.throwsAsync(client.comeTo(first.url), { message: "not now" });
  isRefused = false;
  t.true(await client.comeTo(first.url));
  first.io.emit("after");
  await client.until("after");
  t.deepEqual(client.received, [["before"], ["missed"], ["after"]]);
});

for (const [limit, options, serverOptions] of [
  ["count", { recovery: { maxMessages: 10 } }, {}],
  ["bytes", { recovery: { maxBytes: 20_000 } }, {}],
  ["time", {}, { connectionStateRecovery: { maxDisconnectionDuration: 1 } }],
] as const) {
  test.serial(`beyond the limit of ${limit}, a returning client starts anew`, async (t) => {
    const fleet = await startRecovering(t, options, serverOptions);
    const { first, client } = fleet;
    first.io.emit("before");
    await client.until("before");
    await fleet.leave(first);
    for (let number = 0; number < 100; number += 1) {
      first.io.emit("missed", number);
    }
    await fleet.settled();
    t.false(await client.comeTo(first.url));
    first.io.emit("after");
    await client.until("after");
    t.deepEqual(client.received, [["before"], ["after"]]);
  });
}

test.serial(
  "hosts that read several channels have no common order, so a client of one starts anew on another",
  async (t) => {
    const channel = [randomUUID(), randomUUID()];
    const fleet = await startRecovering(t, { channel });
    const { first, second, client } = fleet;
    first.io.emit("before");
    await client.until("before");
    await fleet.leave(first);
    first.io.emit("missed");
    await fleet.settled();
    t.true(await client.comeTo(first.url));
    await fleet.leave(first);
    t.false(await client.comeTo(second.url));
  },
);

test.serial("what is not a session is ignored, whoever sends it", async (t) => {
  const channel = randomUUID();
  const fleet = await startRecovering(t, { channel });
  const { first, second, client } = fleet;
  const bus = memoryBus(new URL(t.context.url).host);
  cleanUp(t, () => bus.close());
  const session = {
    sid: "s",
    pid: "p",
    rooms: ["r"],
    data: {},
    away: 0,
    privates: [],
    checkpoint: { host: "x", number: 1 },
  };
  const items = [
    null,
    1,
    "session",
    [],
    {},
    { ...session, sid: 1 },
    { ...session, rooms: "r" },
    { ...session, away: -1 },
    { ...session, away: Number.NaN },
    { ...session, privates: [null, 1, { payload: 1, offset: "" }, { payload: "{", offset: "" }] },
    { ...session, checkpoint: null },
    session,
  ];
  const from = "f".repeat(32);
  await bus.publish(
    `${channel}.node`,
    encodeSideChannel({ type: "exported_sessions", from, namespace: "/", items }, 100_000),
  );
  await bus.publish(
    `${channel}.node`,
    encodeSideChannel({ type: "exported_sessions", from, namespace: "/nowhere", items }, 100_000),
  );
  await bus.publish(`${channel}.node`, new Uint8Array([0xc1]));
  first.io.emit("before");
  await client.until("before");
  await fleet.leave(first);
  first.io.emit("missed");
  await fleet.settled();
  t.true(await client.comeTo(second.url));
  await client.until("missed");
  t.deepEqual(client.received, [["before"], ["missed"]]);
});

test.serial("what a client claims of its session is not passed on if no host would read it", async (t) => {
  const { first, second } = await startRecovering(t);
  const { adapter } = first.io.sockets;
  const offset = `${"a".repeat(20)}1`;
  for (const [pid, claimed] of [
    [5, offset],
    [{ a: 1 }, offset],
    ["p", [offset]],
  ] as unknown as readonly (readonly [string, string])[]) {
    t.is(await adapter.restoreSession(pid, claimed), null as never);
  }
  // Not in time where a host does not read it.
  t.is((await first.io.fetchSockets()).length, 3);
  t.deepEqual(second.rejections.items, []);
});

test.serial("a session that is too large is not handed over when its host closes, and the others are", async (t) => {
  const fleet = await startRecovering(t, { maxMessageSize: 20_000 });
  const { first, second, client } = fleet;
  const large = returningClient(t);
  await large.comeTo(first.url);
  Object.assign(first.io.sockets.sockets.get(large.sid)?.data ?? {}, { text: "x".repeat(20_000) });
  first.io.emit("before");
  await Promise.all([client.until("before"), large.until("before")]);
  await large.leave((sid) => !first.io.sockets.sockets.has(sid));
  await fleet.leave(first);
  first.io.emit("missed");
  await fleet.settled();
  await first.io.close();
  t.is(first.log.filter((line) => /cannot resume on another host: .*maxMessageSize is 20000$/.test(line)).length, 1);
  t.true(await client.comeTo(second.url));
  t.false(await large.comeTo(second.url));
  await client.until("missed");
  t.deepEqual(second.rejections.items, []);
});

test.serial("close() ends the wait for a client's previous host", async (t) => {
  const channel = randomUUID();
  const fleet = await startRecovering(t, { channel });
  const { first, client } = fleet;
  const bus = memoryBus(new URL(t.context.url).host);
  cleanUp(t, () => bus.close());
  const checkpoint = { host: "e".repeat(32), number: 1 };
  const session = { sid: client.sid, pid: "secret", rooms: [], data: {}, away: 0, privates: [], checkpoint };
  const from = "f".repeat(32);
  await bus.publish(
    `${channel}.node`,
    encodeSideChannel({ type: "exported_sessions", from, namespace: "/", items: [session] }, 100_000),
  );
  await fleet.settled();
  const restored = first.io.sockets.adapter.restoreSession("secret", `${"a".repeat(20)}1`);
  await first.io.close();
  t.is(await withTimeout("an end", restored), null as never);
});

test.serial("what the application throws while a client resumes is logged, and the client is served", async (t) => {
  const fleet = await startRecovering(t);
  const { first, client } = fleet;
  const proxy = await startProxy(t, Number(new URL(first.url).port));
  await client.leave((sid) => !first.io.sockets.sockets.has(sid));
  await client.comeTo(`http://127.0.0.1:${proxy.port}`);
  first.io.emit("before");
  await client.until("before");
  first.io.sockets.sockets.get(client.sid)?.on("disconnect", () => {
    throw new Error("of the application");
  });
  proxy.freeze();
  await client.leave(() => true);
  // Its old connection is not known to be dead, so the host closes it.
  await client.comeTo(first.url);
  first.io.emit("after");
  await client.until("after");
  t.is(first.log.filter((line) => line.includes('threw "of the application" (at ')).length, 1);
});
