import type { ExecutionContext, TestFn } from "ava";
import type { BusStatus } from "../../../src/bus/bus.js";
import { createEmitter } from "../../../src/emitter/create-emitter.js";
import { BridgeError, IncompleteError } from "../../../src/errors.js";
import { Inbox } from "../../../src/testing/inbox.js";
import { type NodeHost, ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

const MAX_SIZE = 20_000;

/** Far longer than anything takes: a test that waits for it fails. */
const LONG_MS = 20_000;

/** Arguments that no other host would read. */
const REFUSED: Readonly<Record<string, unknown>> = {
  "more than the limit": "x".repeat(MAX_SIZE),
  "bytes of more than the limit": Buffer.alloc(MAX_SIZE),
  "nested too deep": Array.from({ length: 998 }).reduce((inner) => [inner], 1),
  "a key __proto__": JSON.parse('{"a": {"__proto__": 1}}'),
  "a key constructor with a prototype": { constructor: { prototype: 1 } },
  "a key __proto__ beside bytes": [Buffer.from([1]), JSON.parse('{"__proto__": 1}')],
};

const INVALID = { instanceOf: BridgeError, code: "BRIDGE_INVALID_ARGUMENT" } as const;

/** Waits until a host has reported so many messages that others would reject. */
async function untilDropped({ statuses, adapter }: NodeHost, count: number): Promise<void> {
  const isUnreadable = (status: BusStatus) => status.type === "dropped" && status.reason === "unreadable";
  await statuses.find(`${count} dropped`, (status) => isUnreadable(status) && adapter.stats().dropped === count);
}

export function testLimits(test: TestFn<TestBroker>): void {
  /** Three hosts with a client each, and an emitter, all with a small limit. */
  const start = async (t: ExecutionContext<TestBroker>) => {
    const options = { channel: ownChannel(), maxMessageSize: MAX_SIZE, heartbeatInterval: 500 };
    const fleet = await startThreeHosts(t, t.context.url, options);
    const emitter = createEmitter(t.context.url, { ...options, acks: true, logger: false });
    cleanUp(t, () => emitter.close());
    return { ...fleet, emitter };
  };

  test.serial("what other hosts would reject is dropped where it is emitted, and the next event arrives", async (t) => {
    const { hosts, clients, emitter } = await start(t);
    const [{ io }] = hosts;
    const own = io.sockets.sockets.get(clients[0].sid);
    await clients[0].call("join", "r");
    for (const [what, value] of Object.entries(REFUSED)) {
      // A client may have sent it, so none of these throws.
      io.emit(what, value);
      io.to("r").emit(what, 1, value);
      io.except("s").volatile.emit(what, [value]);
      io.of("/chat").emit(what, { value });
      own?.broadcast.emit(what, value);
      await t.throwsAsync(io.timeout(50).emitWithAck(what, value), { message: /timed out/ }, what);
      io.serverSideEmit(what, value);
      await t.throwsAsync(io.serverSideEmitWithAck(what, value), INVALID, what);
      await t.throwsAsync(emitter.emit(what, value), INVALID, what);
      await t.throwsAsync(emitter.of("/chat").to("r").emit(what, value), INVALID, what);
      await t.throwsAsync(emitter.timeout(LONG_MS).emitWithAck(what, value), INVALID, what);
      await t.throwsAsync(emitter.serverSideEmit(what, value), INVALID, what);
    }
    await untilDropped(hosts[0], 7 * Object.keys(REFUSED).length);
    t.regex(
      hosts[0].log.find((line) => line.includes("not sent")) ?? "",
      /the event "more than the limit" .*maxMessageSize/,
    );
    for (const event of [5, Symbol("s"), undefined] as unknown as readonly string[]) {
      t.throws(() => io.serverSideEmit(event), INVALID);
    }
    const largest = "x".repeat(MAX_SIZE - 500);
    io.emit("large", largest);
    await emitter.emit("large, of the emitter", largest);
    // No broker but Redis keeps an order between two senders.
    for (const client of clients) {
      await Promise.all([client.find(["large", largest]), client.find(["large, of the emitter", largest])]);
      const known = ["large", "large, of the emitter"];
      const events = (await client.until("large")).concat(await client.until("large, of the emitter"));
      t.true(events.every(([event]) => known.includes(String(event))));
    }
    for (const { rejections, adapter } of hosts) {
      t.deepEqual(rejections.items, []);
      t.is(adapter.stats().pendingAcks, 0);
    }
  });

  test.serial("a command that is too large moves nobody", async (t) => {
    const { hosts, clients, settled, emitter } = await start(t);
    const [{ io }] = hosts;
    const rooms = Array.from({ length: MAX_SIZE / 10 }, (_, index) => `room ${index}`);
    io.socketsJoin(rooms);
    io.in(rooms).disconnectSockets();
    await untilDropped(hosts[0], 2);
    await t.throwsAsync(emitter.socketsJoin(rooms), INVALID);
    io.socketsJoin(["r", "s"]);
    await settled();
    for (const [index, host] of hosts.entries()) {
      t.deepEqual([...host.io.sockets.adapter.rooms.keys()], [clients[index]?.sid ?? "", "r", "s"]);
    }
    io.in("r").socketsLeave(["r", ...rooms]);
    await settled();
    await untilDropped(hosts[0], 3);
    t.true(hosts.every((host) => host.io.sockets.adapter.rooms.has("r")));
  });

  test.serial("flags that plain JavaScript passes do not cost an event", async (t) => {
    const { hosts, clients } = await start(t);
    const [{ io }] = hosts;
    for (const compress of [0, "no", null] as unknown as readonly boolean[]) {
      io.compress(compress).emit("compress");
    }
    for (const timeout of [Number.NaN, -1, 2 ** 31, "soon"] as readonly number[]) {
      // A timer of Node takes each of these for a millisecond.
      io.timeout(timeout).emit("timeout", () => {});
    }
    io.emit("the end");
    const events = [...Array(3).fill(["compress"]), ...Array(4).fill(["timeout"])];
    t.deepEqual(await clients[1].until("the end"), events);
    t.deepEqual(hosts[1].rejections.items, []);
  });

  test.serial("rooms and events may have the names of an object's own keys", async (t) => {
    const { hosts, clients, settled, emitter } = await start(t);
    const [{ io }, second] = hosts;
    const serverSide = new Inbox<unknown>();
    for (const name of ["__proto__", "constructor"]) {
      second.io.on(name as never, ((value: unknown) => serverSide.add([name, value])) as never);
      await clients[1].call("join", name);
      io.to(name).emit(name, name);
      await emitter.to(name).emit(name, { constructor: name });
      await clients[1].find([name, { constructor: name }]);
      io.in(name).socketsJoin([`joined ${name}`, name]);
      await settled();
      t.true(second.io.sockets.adapter.rooms.has(`joined ${name}`));
      t.deepEqual(
        (await io.in(name).fetchSockets()).map(({ id }) => id),
        [clients[1].sid],
      );
      io.serverSideEmit(name, 1);
      await serverSide.find(name, (event) => Array.isArray(event) && event[0] === name);
      io.in(`joined ${name}`).socketsLeave(name);
      io.to(name).emit("not there any more");
    }
    io.emit("the end");
    const events = (await clients[1].until("the end")).filter(([event, arg]) => event !== "settled" && arg === event);
    t.deepEqual(events, [
      ["__proto__", "__proto__"],
      ["constructor", "constructor"],
    ]);
    t.false((await clients[1].until("the end")).some(([event]) => event === "not there any more"));
    t.true(hosts.every(({ rejections }) => rejections.items.length === 0));
  });

  test.serial("an acknowledgement that other hosts would reject is logged, and the others arrive", async (t) => {
    const { hosts, clients } = await start(t);
    const [{ io }, second, third] = hosts;
    await Promise.all([
      clients[0].acknowledgeWith("a"),
      clients[1].acknowledgeWith(JSON.parse('{"__proto__": 1}')),
      clients[2].acknowledgeWith("x".repeat(MAX_SIZE)),
    ]);
    const error = await t.throwsAsync(io.timeout(1_000).emitWithAck("ask"));
    t.deepEqual((error as Error & { responses: unknown }).responses, ["a"]);
    for (const { log } of [second, third]) {
      t.is(log.filter((line) => line.includes("cannot pass on a client's acknowledgement")).length, 1);
    }
    t.deepEqual(hosts[0].rejections.items, []);
  });

  test.serial("a client that is too large to be described makes fetchSockets() reject, with the others", async (t) => {
    const { hosts, clients } = await start(t);
    const [first, second] = hosts;
    const data = second.io.sockets.sockets.get(clients[1].sid)?.data ?? {};
    Object.assign(data, { text: "x".repeat(MAX_SIZE) });
    const error = await t.throwsAsync(first.io.fetchSockets(), {
      instanceOf: IncompleteError,
      code: "BRIDGE_INVALID_ARGUMENT",
      message: new RegExp(
        `^the host ${second.adapter.hostId} cannot send all of its reply: .*maxMessageSize is ${MAX_SIZE}`,
      ),
    });
    t.deepEqual(
      error?.responses.map((response) => (response as { readonly id: unknown }).id),
      [clients[2].sid],
    );
    await second.rejections.find("the rejection", ({ detail }) => /maxMessageSize/.test(detail));
    Object.assign(data, { text: "" });
    t.is((await first.io.fetchSockets()).length, 3);
  });

  test.serial("a response of another server that is too large rejects at once, on both sides", async (t) => {
    const { hosts } = await start(t);
    const [first, second, third] = hosts;
    const answer = (acknowledge: (value: unknown) => void): void => acknowledge("x".repeat(MAX_SIZE));
    second.io.on("ask" as never, answer as never);
    third.io.on("ask" as never, answer as never);
    await t.throwsAsync(first.io.serverSideEmitWithAck("ask"), { code: "BRIDGE_INVALID_ARGUMENT" });
    await Promise.all([untilDropped(second, 1), untilDropped(third, 1)]);
  });
}
