import type { TestFn } from "ava";
import { ownChannel } from "../../../src/testing/node-host.js";
import { connectClient } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { startPeer } from "../../helpers/python.js";
import { returningClient } from "../../helpers/returning-client.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

export function testRecoveryOfPythonEmits(test: TestFn<TestBroker>, { hosts, emitters }: PythonKinds): void {
  for (const kind of emitters) {
    test.serial(
      `a client of a Node host that comes back gets what a ${kind} Python host emitted meanwhile`,
      async (t) => {
        const channel = ownChannel();
        const recovery = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };
        const node = await startNodeHost(t, t.context.url, { channel }, recovery);
        const python = await startPeer(t, kind, t.context.url, channel);
        const host = kind === "write-only" ? await startPeer(t, hosts[0], t.context.url, channel) : python;
        const [witness, onPython] = await Promise.all([connectClient(t, node.url), connectClient(t, host.url)]);
        const client = returningClient(t);
        await client.comeTo(node.url);
        const { sid } = client;
        node.io.in(sid).socketsJoin(["r", "42"]);
        const emit = (event: string, where: object = {}) => python.request("emit", { event, ...where });
        await emit("before");
        await client.until("before");
        await client.leave((left) => !node.io.sockets.sockets.has(left));

        await emit("nothing");
        await emit("the same");
        await emit("the same");
        await emit("bytes", { data: { $tuple: [Buffer.from([1, 2]), "text"] } });
        await emit("the room", { room: "r", data: { a: [null] } });
        await emit("an integer room", { room: 42 });
        await emit("its sid", { to: sid });
        await emit("another room", { room: "x" });
        await emit("skipped", { skip_sid: sid });
        await emit("skipped among others", { skip_sid: [witness.sid, sid] });
        await emit("other namespace", { namespace: "/chat" });
        await emit("the end of it");
        await witness.until("the end of it");

        t.true(await client.comeTo(node.url));
        await emit("after");
        await client.until("after");
        t.deepEqual(client.received, [
          ["before"],
          ["nothing"],
          ["the same"],
          ["the same"],
          ["bytes", Buffer.from([1, 2]), "text"],
          ["the room", { a: [null] }],
          ["an integer room"],
          ["its sid"],
          ["the end of it"],
          ["after"],
        ]);
        // Clients of Python hosts do not see the checkpoints of hosts with a history.
        node.io.emit("of Node", "text");
        await onPython.find(["of Node", "text"]);
        const names = onPython.received().map(([name]) => name);
        const toAll = ["before", "nothing", "the same", "the same", "bytes"];
        t.deepEqual(names.slice(0, 5), toAll);
        t.deepEqual(node.rejections.items, []);
      },
    );
  }
}
