import type { TestFn } from "ava";
import { PYTHON_PAYLOADS, type PythonPayload } from "../../../interop/scenarios/payloads.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { float, integer, tuple } from "../../../src/testing/typed-json.js";
import { connectClient, EVERY_CLIENT } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

const bytes = Buffer.from([0, 1, 254, 255]);

/** The values of the interop kit, and those that only the newest releases support. */
const PAYLOADS: readonly Pick<PythonPayload, "what" | "emit" | "args">[] = [
  ...PYTHON_PAYLOADS,
  { what: "no bytes", emit: { data: Buffer.alloc(0) }, args: [Buffer.alloc(0)] },
  { what: "a tuple of None", emit: { data: tuple(null) }, args: [] },
  { what: "bytes in a list", emit: { data: [bytes, 1] }, args: [[bytes, 1]] },
];

export function testPythonEmits(test: TestFn<TestBroker>, { hosts, emitters }: PythonKinds): void {
  for (const kind of emitters) {
    test.serial(
      `clients of a Node host get from a ${kind} Python host what clients of a Python host get`,
      async (t) => {
        const channel = ownChannel();
        const node = await startNodeHost(t, t.context.url, { channel });
        const python = await startPeer(t, hosts.find((host) => host !== kind) ?? hosts[0], t.context.url, channel);
        const emitter = await startPeer(t, kind, t.context.url, channel);
        const clients = await Promise.all([
          ...EVERY_CLIENT.map((options) => connectClient(t, node.url, options)),
          // One transport only: python-engineio 4.15 caches how bytes go to the first client, and a broadcast of bytes to
          // clients on websocket and on polling ends the polling ones.
          connectClient(t, python.url, { kind: "js" }),
          connectClient(t, python.url, { kind: "python" }),
        ]);
        for (const { what, emit } of PAYLOADS) {
          await emitter.request("emit", { event: what, ...emit });
        }
        await emitter.request("emit", { event: "the end" });
        for (const client of clients) {
          t.deepEqual(
            await client.until("the end"),
            PAYLOADS.map(({ what, args }) => [what, ...args]),
          );
        }
        t.deepEqual(node.rejections.items, []);
      },
    );
  }

  test.serial("NaN and Infinity arrive as null, and integers beyond 2^53 as the nearest double", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const emitter = await startPeer(t, "write-only", t.context.url, channel);
    // A client of a Python host cannot be held against these: its parser refuses the frame that carries NaN.
    const clients = await Promise.all(EVERY_CLIENT.map((options) => connectClient(t, node.url, options)));
    await emitter.request("emit", { event: "alone", data: float("nan") });
    const data = { a: [float("nan"), float("inf"), float("-inf")], "NaN, Infinity": "NaN" };
    await emitter.request("emit", { event: "nested", data });
    await emitter.request("emit", { event: "large", data: integer("9007199254740993") });
    await emitter.request("emit", { event: "the end" });
    for (const client of clients) {
      t.deepEqual(await client.until("the end"), [
        ["alone", null],
        ["nested", { a: [null, null, null], "NaN, Infinity": "NaN" }],
        ["large", 9007199254740992],
      ]);
    }
  });

  for (const kind of emitters) {
    test.serial(`a ${kind} Python host addresses clients of a Node host by room, list, sid and skip_sid`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const connect = () => connectClient(t, node.url);
      const [a, b, both, none] = await Promise.all([connect(), connect(), connect(), connect()]);
      await Promise.all([a.call("join", "a"), b.call("join", "b"), both.call("join", "a"), both.call("join", "b")]);
      await b.call("join", 42);

      const emit = (event: string, where: object) => python.request("emit", { event, data: event, ...where });
      await emit("everyone", {});
      await emit("room a", { room: "a" });
      await emit("to a", { to: "a" });
      await emit("a and b", { room: ["a", "b"] });
      await emit("sid", { to: none.sid });
      await emit("skip one", { skip_sid: a.sid });
      await emit("skip two", { skip_sid: [a.sid, b.sid] });
      await emit("skip in a room", { room: "a", skip_sid: both.sid });
      // Python compares with sids, so the room "a" skips nobody.
      await emit("skip no room", { room: "a", skip_sid: "a" });
      await emit("no such room", { room: "nowhere" });
      await emit("integer room", { room: 42 });
      await emit("integer in a list", { room: ["nowhere", 42] });
      await emit("other namespace", { namespace: "/chat" });
      await emit("the end", {});

      const names = async (client: typeof a) => (await client.until("the end")).map(([name]) => name);
      t.deepEqual(await names(a), ["everyone", "room a", "to a", "a and b", "skip in a room", "skip no room"]);
      t.deepEqual(await names(b), ["everyone", "a and b", "skip one", "integer room", "integer in a list"]);
      const inBoth = ["everyone", "room a", "to a", "a and b", "skip one", "skip two", "skip no room"];
      t.deepEqual(await names(both), inBoth);
      t.deepEqual(await names(none), ["everyone", "sid", "skip one", "skip two"]);
    });
  }

  test.serial("an integer beyond 2^53 names the room of exactly that decimal name", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "write-only", t.context.url, channel);
    const [client, neighbour] = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
    await client.call("join", "9007199254740993");
    await neighbour.call("join", "9007199254740992");
    await python.request("emit", { event: "one", room: integer("9007199254740993") });
    await python.request("emit", { event: "listed", room: ["x", integer("9007199254740993")] });
    await python.request("emit", { event: "the end" });
    t.deepEqual(await client.until("the end"), [["one"], ["listed"]]);
    t.deepEqual(await neighbour.until("the end"), []);
  });

  test.serial("another namespace has its own clients, rooms and sids", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "threaded", t.context.url, channel);
    const root = await connectClient(t, node.url);
    const chat = await connectClient(t, node.url, { namespace: "/chat" });
    await Promise.all([root.call("join", "r"), chat.call("join", "r")]);
    await python.request("emit", { event: "chat", room: "r", namespace: "/chat" });
    await python.request("emit", { event: "root", room: "r" });
    await python.request("emit", { event: "the end", namespace: "/chat" });
    await python.request("emit", { event: "the end" });
    t.deepEqual(await chat.until("the end"), [["chat"]]);
    t.deepEqual(await root.until("the end"), [["root"]]);
  });

  test.serial("a thousand emits of one Python host arrive in order", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "write-only", t.context.url, channel);
    const client = await connectClient(t, node.url);
    for (let number = 0; number < 1000; number += 1) {
      await python.request("emit", { event: "number", data: number });
    }
    await python.request("emit", { event: "the end" });
    const numbers = (await client.until("the end")).map(([, number]) => number);
    t.deepEqual(numbers, [...Array(1000).keys()]);
  });
}
