import type { TestFn } from "ava";
import { NODE_PAYLOADS, type NodePayload } from "../../../interop/scenarios/payloads.js";
import { createEmitter } from "../../../src/index.js";
import { ownChannel } from "../../../src/testing/node-host.js";
import { cleanUp } from "../../../src/testing/scope.js";
import { connectClient } from "../../helpers/clients.js";
import { encodings } from "../../helpers/encodings.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

const bytes = Buffer.from([0, 1, 254, 255]);

/** The values of the interop kit, and those that only the newest releases support. */
const ARGUMENTS: readonly Pick<NodePayload, "what" | "args" | "received">[] = [
  ...NODE_PAYLOADS,
  { what: "an array of buffers", args: [[bytes, bytes]] },
];

export function testNodeEmits(test: TestFn<TestBroker>, { hosts }: PythonKinds): void {
  const another = hosts.at(-1) ?? hosts[0];
  for (const kind of hosts) {
    test.serial(`clients of a ${kind} Python host get what a Node host and a Node emitter emit`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const emitter = createEmitter(t.context.url, { channel, encoding: encodings.node });
      cleanUp(t, () => emitter.close());
      const clients = await Promise.all([
        connectClient(t, python.url, { kind: "js", transport: "websocket" }),
        connectClient(t, python.url, { kind: "python", transport: "websocket" }),
      ]);
      for (const { what, args } of ARGUMENTS) {
        node.io.emit(what, ...args);
        await emitter.emit(`emitter: ${what}`, ...args);
      }
      node.io.emit("the end");
      const expected = ARGUMENTS.map(({ what, args, received = args }) => [what, ...received]);
      for (const client of clients) {
        const received = await client.until("the end");
        const byEmitter = received.filter(([name]) => String(name).startsWith("emitter: "));
        t.deepEqual(
          received.filter((event) => !byEmitter.includes(event)),
          expected,
        );
        t.deepEqual(
          byEmitter,
          expected.map(([what, ...args]) => [`emitter: ${what}`, ...args]),
        );
      }
    });

    test.serial(`rooms and events of a ${kind} Python host may have the names of an object's own keys`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const [onNode, onPython] = await Promise.all([connectClient(t, node.url), connectClient(t, python.url)]);
      for (const name of ["__proto__", "constructor"]) {
        await Promise.all([onNode.call("join", name), onPython.call("join", name)]);
        node.io.to(name).emit(name, "of Node");
        // Each host's emits are in order among themselves.
        await Promise.all([onNode, onPython].map((client) => client.find([name, "of Node"])));
        await python.request("emit", { event: name, data: "of Python", room: name });
        await Promise.all([onNode, onPython].map((client) => client.find([name, "of Python"])));
      }
      t.deepEqual(node.rejections.items, []);
    });

    test.serial(`a Node host addresses clients of a ${kind} Python host, and each gets it once`, async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, kind, t.context.url, channel);
      const connect = () => connectClient(t, python.url);
      const [a, b, both] = await Promise.all([connect(), connect(), connect()]);
      const [own, other] = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
      await Promise.all([a.call("join", "a"), b.call("join", "b"), both.call("join", "a"), both.call("join", "b")]);
      await Promise.all([own.call("join", "a"), other.call("join", "b")]);
      const ownSocket = node.io.sockets.sockets.get(own.sid);

      node.io.emit("everyone");
      node.io.to("a").emit("room a");
      node.io.to("a").to("b").emit("a and b");
      node.io.to("a").to("b").except(both.sid).emit("except one");
      node.io.except([a.sid, b.sid]).emit("except two");
      node.io.to(b.sid).emit("sid");
      node.io.local.emit("local");
      ownSocket?.broadcast.emit("broadcast");
      ownSocket?.to("a").emit("socket to a");
      ownSocket?.emit("to itself");
      node.io.emit("the end");

      const names = async (client: typeof a) => (await client.until("the end")).map(([name]) => name);
      t.deepEqual(await names(a), ["everyone", "room a", "a and b", "except one", "broadcast", "socket to a"]);
      t.deepEqual(await names(b), ["everyone", "a and b", "except one", "sid", "broadcast"]);
      const inBoth = ["everyone", "room a", "a and b", "except two", "broadcast", "socket to a"];
      t.deepEqual(await names(both), inBoth);
      const toOwn = ["everyone", "room a", "a and b", "except one", "except two", "local", "to itself"];
      t.deepEqual(await names(own), toOwn);
      const toOther = ["everyone", "a and b", "except one", "except two", "local", "broadcast"];
      t.deepEqual(await names(other), toOther);
    });
  }

  test.serial("toPythonRoom maps a name to the integer room of Python hosts, and Node hosts know both", async (t) => {
    const channel = ownChannel();
    const toPythonRoom = (room: string) => (/^\d+$/.test(room) ? BigInt(room) : room);
    const node = await startNodeHost(t, t.context.url, { channel, toPythonRoom });
    const otherNode = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "threaded", t.context.url, channel);
    const emitter = createEmitter(t.context.url, { channel, toPythonRoom, encoding: encodings.node });
    cleanUp(t, () => emitter.close());
    const client = await connectClient(t, python.url);
    const nodeClient = await connectClient(t, otherNode.url);
    await client.call("join", 42);
    await nodeClient.call("join", 42);
    node.io.to("42").emit("by a host");
    await emitter.to("42").emit("by an emitter");
    await emitter.to(42).emit("by an emitter, as an integer");
    await emitter.emit("the end");
    const expected = [["by a host"], ["by an emitter"], ["by an emitter, as an integer"]];
    t.deepEqual(await client.until("the end"), expected);
    t.deepEqual(await nodeClient.until("the end"), expected);
  });

  test.serial(
    "two Node hosts and a Python host are one fleet: a room that a Node host excludes is excluded",
    async (t) => {
      const channel = ownChannel();
      const first = await startNodeHost(t, t.context.url, { channel });
      const second = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, another, t.context.url, channel);
      const [member, stranger, onPython] = await Promise.all([
        connectClient(t, second.url),
        connectClient(t, second.url),
        connectClient(t, python.url),
      ]);
      await Promise.all([member.call("join", "muted"), onPython.call("join", "muted")]);
      first.io.except("muted").emit("not for the muted");
      first.io.emit("the end");
      t.deepEqual(await member.until("the end"), []);
      t.deepEqual(await stranger.until("the end"), [["not for the muted"]]);
      // Python skips sids only: see docs/differences.md.
      t.deepEqual(await onPython.until("the end"), [["not for the muted"]]);
    },
  );

  test.serial("a fleet of two channels: all are read, the first is written", async (t) => {
    const [flask, celery] = [ownChannel(), ownChannel()];
    const node = await startNodeHost(t, t.context.url, { channel: [flask, celery] });
    const onFlask = await startPeer(t, "threaded", t.context.url, flask);
    const onCelery = await startPeer(t, "threaded", t.context.url, celery);
    const [own, flaskClient, celeryClient] = await Promise.all([
      connectClient(t, node.url),
      connectClient(t, onFlask.url),
      connectClient(t, onCelery.url),
    ]);
    await onFlask.request("emit", { event: "from flask" });
    await own.until("from flask");
    await onCelery.request("emit", { event: "from celery" });
    await own.until("from celery");
    node.io.emit("from node");
    await flaskClient.until("from node");
    await onCelery.request("emit", { event: "the end" });
    t.deepEqual(await celeryClient.until("the end"), [["from celery"]]);
  });
}
