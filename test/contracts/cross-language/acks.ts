import type { TestFn } from "ava";
import { ownChannel } from "../../../src/testing/node-host.js";
import { tuple } from "../../../src/testing/typed-json.js";
import { connectClient, EVERY_CLIENT } from "../../helpers/clients.js";
import { startNodeHost } from "../../helpers/node-host.js";
import { untilStats } from "../../helpers/node-hosts.js";
import { startPeer } from "../../helpers/python.js";
import type { TestBroker } from "../../helpers/shared-broker.js";
import type { PythonKinds } from "./python-kinds.js";

export function testAcks(test: TestFn<TestBroker>, { hosts }: PythonKinds): void {
  for (const kind of hosts) {
    for (const options of EVERY_CLIENT) {
      const name = `${options.kind} client over ${options.transport}`;
      test.serial(
        `call() on a ${kind} Python host returns the acknowledgement of a ${name} on a Node host`,
        async (t) => {
          const channel = ownChannel();
          const node = await startNodeHost(t, t.context.url, { channel });
          const python = await startPeer(t, kind, t.context.url, channel);
          const client = await connectClient(t, node.url, options);
          const call = (number: number) =>
            python.request("call", { event: "ask", data: tuple(number, "two"), to: client.sid, timeout: 10 });
          t.is(await call(1), null);
          await client.acknowledgeWith("one");
          t.is(await call(2), "one");
          await client.acknowledgeWith({ a: [1, null] }, "two");
          t.deepEqual(await call(3), [{ a: [1, null] }, "two"]);
          // The acknowledgement comes over the broker, and may be here before the client reports the event.
          await client.find(["ask", 3, "two"]);
          t.deepEqual(client.received(), [
            ["ask", 1, "two"],
            ["ask", 2, "two"],
            ["ask", 3, "two"],
          ]);
        },
      );

      test.serial(
        `emitWithAck() on a Node host returns the acknowledgement of a ${name} on a ${kind} Python host`,
        async (t) => {
          const channel = ownChannel();
          const node = await startNodeHost(t, t.context.url, { channel });
          const python = await startPeer(t, kind, t.context.url, channel);
          const client = await connectClient(t, python.url, options);
          const ask = node.io.timeout(10_000).to(client.sid);
          t.deepEqual(await ask.emitWithAck("ask", 1), [undefined]);
          await client.acknowledgeWith({ answer: 42 });
          t.deepEqual(await ask.emitWithAck("ask", { q: 1 }, "x"), [{ answer: 42 }]);
          const answers = await new Promise((resolve, reject) => {
            ask.emit("ask", (error: Error | null, all: unknown) => (error === null ? resolve(all) : reject(error)));
          });
          t.deepEqual(answers, [{ answer: 42 }]);
          await client.find(["ask"]);
          t.deepEqual(client.received(), [["ask", 1], ["ask", { q: 1 }, "x"], ["ask"]]);
          t.is(node.adapter.stats().pendingAcks, 0);
        },
      );
    }
  }

  test.serial(
    "a client that never acknowledges costs a timeout on either side, and leaves nothing pending",
    async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel });
      const python = await startPeer(t, "threaded", t.context.url, channel);
      const onPython = await connectClient(t, python.url);
      const onNode = await connectClient(t, node.url);
      await Promise.all([onPython.neverAcknowledge(), onNode.neverAcknowledge()]);
      const error = await t.throwsAsync(node.io.timeout(200).to(onPython.sid).emitWithAck("ask"));
      t.deepEqual((error as Error & { responses: unknown }).responses, []);
      // socket.io's timer may come first.
      await untilStats("nothing to be awaited", node, ({ pendingAcks }) => pendingAcks === 0);
      const call = python.request("call", { event: "ask", to: onNode.sid, timeout: 0.2 });
      await t.throwsAsync(call, { message: /TimeoutError/ });
    },
  );

  test.serial("every client of a room on a Node host acknowledges, and a Python callback gets the first", async (t) => {
    const channel = ownChannel();
    const node = await startNodeHost(t, t.context.url, { channel });
    const python = await startPeer(t, "threaded", t.context.url, channel);
    const clients = await Promise.all([connectClient(t, node.url), connectClient(t, node.url)]);
    await Promise.all(clients.map((client) => client.call("join", 7)));
    await Promise.all(clients.map((client) => client.acknowledgeWith("mine")));
    // The room is an integer. The acknowledgement has to name it as one, or Python does not find its callback.
    await python.request("emit_with_callback", { event: "ask", room: 7, token: "t" });
    t.deepEqual((await python.program.event("callback")).args, ["mine"]);
    await Promise.all(clients.map((client) => client.until("ask")));
    await python.request("emit_with_callback", { event: "ask again", room: 7, token: "again" });
    await python.program.event("callback", ({ token }) => token === "again");
    t.is(python.program.lines.items.filter(({ token }) => token === "t").length, 1);
  });

  test.serial(
    "an acknowledgement with bytes has no JSON form: the caller times out, and the next call succeeds",
    async (t) => {
      const channel = ownChannel();
      const node = await startNodeHost(t, t.context.url, { channel, encoding: "json" });
      const python = await startPeer(t, "threaded", t.context.url, channel);
      const client = await connectClient(t, node.url);
      await client.acknowledgeWith(Buffer.from("bytes"));
      const call = (timeout: number) => python.request("call", { event: "ask", to: client.sid, timeout });
      await t.throwsAsync(call(0.2), { message: /TimeoutError/ });
      t.true(node.log.some((line) => line.includes("acknowledgement with bytes")));
      await client.acknowledgeWith("text");
      t.is(await call(10), "text");
    },
  );
}
