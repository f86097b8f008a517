import type { TestFn } from "ava";
import type { Server } from "socket.io";
import { Inbox } from "../../../src/testing/inbox.js";
import { startThreeHosts } from "../../helpers/node-hosts.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

type Listener = (...args: unknown[]) => void;

/** socket.io's types require events of other servers to be declared. */
const listen = (io: Server, event: string, listener: Listener) =>
  (io as unknown as { on(event: string, listener: Listener): void }).on(event, listener);

export function testServers(test: TestFn<TestBroker>): void {
  test.serial("serverCount() counts the Node hosts", async (t) => {
    const { hosts } = await startThreeHosts(t, t.context.url);
    for (const { io } of hosts) {
      t.is(await io.of("/").adapter.serverCount(), 3);
    }
  });

  test.serial("serverSideEmit() reaches the other Node hosts, once, in order", async (t) => {
    const { hosts } = await startThreeHosts(t, t.context.url);
    const [first, ...others] = hosts;
    const received = hosts.map(({ io }) => {
      const inbox = new Inbox<readonly unknown[]>();
      listen(io, "news", (...args) => inbox.add(args));
      return inbox;
    });
    first.io.serverSideEmit("news", 1, { bytes: Buffer.from("b") });
    first.io.of("/chat").serverSideEmit("news", "elsewhere");
    first.io.serverSideEmit("news", [null]);
    first.io.serverSideEmit("news", "the end");
    for (const [index] of others.entries()) {
      await received[index + 1]?.find("the end", ([word]) => word === "the end");
      t.deepEqual(received[index + 1]?.items, [[1, { bytes: Buffer.from("b") }], [[null]], ["the end"]]);
    }
    t.deepEqual(received[0]?.items, []);
  });

  test.serial("serverSideEmitWithAck() resolves with one reply of each other Node host", async (t) => {
    const { hosts } = await startThreeHosts(t, t.context.url);
    for (const [index, { io }] of hosts.entries()) {
      listen(io, "ask", (question, acknowledge) => {
        (acknowledge as Listener)({ index, question });
        (acknowledge as Listener)("a second time");
      });
    }
    const answers = (await hosts[0].io.serverSideEmitWithAck("ask", "how")) as { index: number }[];
    t.deepEqual(
      answers.sort((one, other) => one.index - other.index),
      [
        { index: 1, question: "how" },
        { index: 2, question: "how" },
      ],
    );
    // Hosts without that namespace send no acknowledgement.
    t.deepEqual(await hosts[0].io.of("/only here").serverSideEmitWithAck("ask"), []);
  });

  test.serial(
    "a Node host that does not reply causes a timeout, whose error has the replies of the others",
    async (t) => {
      const { hosts } = await startThreeHosts(t, t.context.url, { requestsTimeout: 500 });
      listen(hosts[1].io, "ask", (acknowledge) => (acknowledge as Listener)("here"));
      listen(hosts[2].io, "ask", () => {});
      const error = await t.throwsAsync(hosts[0].io.serverSideEmitWithAck("ask"), {
        message: "timeout reached: missing 1 responses",
      });
      t.like(error, { code: "BRIDGE_TIMEOUT", responses: ["here"] });
    },
  );

  test.serial("allRooms() and allSockets() cover all Node hosts", async (t) => {
    const { hosts, clients } = await startThreeHosts(t, t.context.url);
    await Promise.all(clients.map((client, index) => client.call("join", `room ${index}`)));
    const adapter = hosts[0].io.of("/").adapter as unknown as { allRooms(): Promise<Set<string>> };
    const sids = clients.map(({ sid }) => sid);
    t.deepEqual([...(await adapter.allRooms())].sort(), ["room 0", "room 1", "room 2", ...sids].sort());
    t.deepEqual([...(await hosts[0].io.allSockets())].sort(), [...sids].sort());
    t.deepEqual(await hosts[0].io.in("room 2").allSockets(), new Set([sids[2] ?? ""]));
  });
}
