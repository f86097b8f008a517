import test, { type ExecutionContext } from "ava";
import type { AdapterOptions } from "../../src/index.js";
import { startMemoryHost } from "../helpers/memory-host.js";

/** The form of a sid, and of an id of Firestore. */
const NAME = "Zx8hQ0LbV3kNw7TgYc5D";

/** A host, and what it publishes to the name until then. */
async function makeFleet(t: ExecutionContext, options: AdapterOptions = {}) {
  const { host, channelled, send } = await startMemoryHost(t, options);
  let seen = 0;
  const published = async () => {
    const barrier = `barrier ${seen}`;
    host.io.emit(barrier);
    await channelled.find(barrier, ({ event }) => event === barrier);
    const since = channelled.items.slice(seen, -1).filter(({ method }) => method !== "callback");
    seen = channelled.items.length;
    return since;
  };
  const answer = ({ callback }: Record<string, unknown>, ...args: unknown[]) => {
    const [sid, namespace, id] = callback as unknown[];
    const message = { method: "callback", host_id: host.adapter.hostId, sid, namespace, id, args };
    return send(JSON.stringify(message));
  };
  return { host, published, answer };
}

test("a client is asked apart from the room with the name of its sid, until it has acknowledged", async (t) => {
  const { host, published, answer } = await makeFleet(t);
  const ask = (name: string) => host.io.timeout(20_000).to(NAME).except("other").emitWithAck(name);
  const asked = ask("ask");
  const messages = await published();
  const [toRoom, enter, toClient, leave] = messages;
  const own = enter?.room as string;
  t.is(messages.length, 4);
  t.like(toRoom, { room: NAME, skip_sid: ["other", NAME], except: ["other"] });
  t.like(toRoom?.node, { unskipped: NAME });
  t.like(enter, { method: "enter_room", sid: NAME, node: { ignore: true } });
  t.like(toClient, { method: "emit", event: "ask", room: own, skip_sid: "other" });
  t.like(toClient?.node, { ignore: true });
  t.like(leave, { method: "leave_room", sid: NAME, room: own, node: { ignore: true } });
  await answer(toClient ?? {}, "the client");
  t.deepEqual(await asked, ["the client"]);

  const again = ask("ask again");
  const [only, ...more] = await published();
  t.like(only, { event: "ask again", room: NAME, skip_sid: "other" });
  t.deepEqual(more, []);
  await answer(only ?? {}, "again");
  t.deepEqual(await again, ["again"]);
});

test("members of the room on a Python host do not end the collection", async (t) => {
  const { host, published, answer } = await makeFleet(t);
  const asked = host.io.timeout(1_000).to(NAME).emitWithAck("ask");
  const [toRoom] = await published();
  await answer(toRoom ?? {}, "one");
  await answer(toRoom ?? {}, "another");
  t.deepEqual(await asked, ["one", "another"]);
});

for (const options of [{ pythonHosts: "never" }, { dialect: "5.13" }] as const) {
  test(`with ${JSON.stringify(options)}, nobody is asked apart`, async (t) => {
    const { host, published } = await makeFleet(t, options);
    const asked = Promise.allSettled([host.io.timeout(100).to(NAME).emitWithAck("ask")]);
    const messages = await published();
    t.deepEqual(
      messages.map(({ event, room, skip_sid }) => [event, room, skip_sid]),
      [["ask", NAME, null]],
    );
    await asked;
  });
}
