import type { TestFn } from "ava";
import { connectClient } from "../../helpers/clients.js";
import { startThreeHosts, untilStats } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

/** Far longer than anything takes: a test that waits for it fails. */
const LONG_MS = 20_000;

const responsesOf = (error: Error | undefined) => (error as Error & { responses: unknown[] }).responses;

export function testAcks(test: TestFn<TestBroker>): void {
  test.serial("emitWithAck() to many resolves with all acknowledgements once the last has come", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const more = await Promise.all(hosts.map((host) => connectClient(t, host.url)));
    const all = [...clients, ...more];
    await Promise.all(all.map((client, index) => client.acknowledgeWith(index)));
    const [{ io, adapter }] = hosts;
    t.deepEqual((await io.timeout(LONG_MS).emitWithAck("ask", 1)).sort(), [0, 1, 2, 3, 4, 5]);
    await Promise.all([clients[1].call("join", "r"), clients[2].call("join", "r")]);
    t.deepEqual((await io.timeout(LONG_MS).to("r").emitWithAck("ask")).sort(), [1, 2]);
    t.deepEqual((await io.timeout(LONG_MS).except("r").emitWithAck("ask")).sort(), [0, 3, 4, 5]);
    t.deepEqual(await io.timeout(LONG_MS).to(clients[2].sid).emitWithAck("ask"), [2]);
    t.deepEqual(await io.timeout(LONG_MS).local.emitWithAck("ask"), [0, 3]);
    t.like(adapter.stats(), { pendingAcks: 0, unknownAcks: 0, pythonHosts: false, nodeHosts: 3 });
  });

  test.serial("acknowledgements of any shape, bytes too, come from another host as from this one", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    const bytes = Buffer.from([0, 128, 255]);
    const shapes: readonly (readonly unknown[])[] = [
      [],
      [null],
      [0],
      ["text", "and more"],
      [[1, [2]]],
      [{ a: { b: null } }],
      [bytes],
      [{ deep: [bytes] }],
      [{ _placeholder: true, num: 0 }],
    ];
    for (const shape of shapes) {
      await Promise.all(clients.map((client) => client.acknowledgeWith(...shape)));
      const own = await hosts[1].io.timeout(LONG_MS).local.emitWithAck("ask");
      const asked = await hosts[0].io.timeout(LONG_MS).to(clients[1].sid).emitWithAck("ask");
      t.deepEqual(asked, own, JSON.stringify(shape));
    }
  });

  test.serial("emitWithAck() to nobody resolves with none, at once", async (t) => {
    const { hosts } = await startThreeHosts(t, t.context.url, { pythonHosts: "never" });
    const [{ io }] = hosts;
    t.deepEqual(await io.timeout(LONG_MS).to("nobody").emitWithAck("ask"), []);
    t.deepEqual(await io.timeout(LONG_MS).to("A".repeat(20)).emitWithAck("ask"), []);
    t.deepEqual(await io.of("/only here").timeout(LONG_MS).emitWithAck("ask"), []);
    t.deepEqual(
      await io
        .timeout(LONG_MS)
        .to(undefined as unknown as string)
        .emitWithAck("ask"),
      [],
    );
  });

  test.serial(
    "one client that does not acknowledge causes a timeout, whose error has the acknowledgements of the others",
    async (t) => {
      const { hosts, clients } = await startThreeHosts(t, t.context.url);
      const [a, b, c] = clients;
      await Promise.all([a.acknowledgeWith("a"), b.neverAcknowledge(), c.acknowledgeWith("c")]);
      const error = await t.throwsAsync(hosts[0].io.timeout(500).emitWithAck("ask"), {
        message: "operation has timed out",
      });
      t.deepEqual(responsesOf(error).sort(), ["a", "c"]);
      // socket.io's timer may fire first.
      await untilStats("nothing to be awaited", hosts[0], ({ pendingAcks }) => pendingAcks === 0);
    },
  );

  test.serial("emitWithAck() works on a socket of another host as on an own one", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    await clients[2].acknowledgeWith("mine");
    const [remote] = await hosts[0].io.in(clients[2].sid).fetchSockets();
    t.is(await remote?.timeout(LONG_MS).emitWithAck("ask"), "mine");
  });

  test.serial("the callback form gets the same acknowledgements", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    await Promise.all(clients.map((client) => client.acknowledgeWith("yes")));
    const answers = await new Promise((resolve, reject) => {
      hosts[0].io.timeout(LONG_MS).emit("ask", (error: Error | null, all: unknown) => {
        return error === null ? resolve(all) : reject(error);
      });
    });
    t.deepEqual(answers, ["yes", "yes", "yes"]);
  });
}
