import { io as connect, type Socket } from "socket.io-client";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { startEdge, startGunicorn } from "../helpers/python-workers.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** What Python sees when the process that holds its clients is killed. */

const test = testWithBroker(launchRedis);

const entered = (socket: Socket) =>
  new Promise<void>((done, fail) => socket.once("connect", done).once("connect_error", fail));

test("an edge that is killed: another runs each disconnect handler of its clients once, with session and request", async (t) => {
  const { url: queue } = t.context;
  const channel = ownChannel();
  const env = { SOCKETIO_QUEUE: queue, SOCKETIO_CHANNEL: channel };
  const workers = await startGunicorn(t, { app: 'socketio_bridge:serve("edge_failover:app")', workers: 2, env });
  const args = ["--queue", queue, "--channel", channel, "--backend", workers.url];
  const [killed, other] = [await startEdge(t, args), await startEdge(t, args)];
  const open = async (url: string, name: string) => {
    const socket = connect(`${url}?q=${name}`, {
      transports: ["websocket"],
      extraHeaders: { "X-Test": `header of ${name}` },
      reconnection: false,
      forceNew: true,
    });
    t.teardown(() => void socket.disconnect());
    await entered(socket);
    return socket;
  };
  const watcher = await open(other.url, "watcher");
  const gone = new Inbox<Readonly<Record<string, unknown>>>();
  watcher.on("gone", (what) => gone.add(what));
  await watcher.timeout(20_000).emitWithAck("store", "watcher");
  await watcher.timeout(20_000).emitWithAck("watch");
  const bystander = await open(other.url, "bystander");

  const expected: object[] = [];
  for (const name of ["Ann", "Bob", "Cid"]) {
    const socket = await open(killed.url, name);
    const chat = socket.io.socket("/chat");
    await entered(chat);
    t.is(await socket.timeout(20_000).emitWithAck("store", name), name);
    const header = `header of ${name}`;
    const session = { header, name };
    const seen = { reason: "transport close", session, header, query: name, address: "127.0.0.1" };
    expected.push({ sid: socket.id, namespace: "/", ...seen }, { sid: chat.id, namespace: "/chat", ...seen });
  }
  // Changes are told within milliseconds, and this one comes after them.
  const last = await open(killed.url, "last");
  last.disconnect();
  await gone.find("the client that leaves", ({ query }) => query === "last");

  killed.child.kill("SIGKILL");
  for (const { sid } of expected as { sid: string }[]) {
    await gone.find(`the end of ${sid}`, (what) => what.sid === sid, 60_000);
  }
  // Nothing of it comes later: the end of another client is told behind it.
  const bystanderId = bystander.id;
  bystander.disconnect();
  await gone.find("the bystander", ({ sid }) => sid === bystanderId);
  t.true(watcher.connected);
  const told = gone.items.filter(({ query }) => query !== "last" && query !== "bystander");
  const bySid = (items: readonly object[]) =>
    [...(items as readonly { readonly sid: string }[])].sort((one, two) => (one.sid < two.sid ? -1 : 1));
  t.deepEqual(bySid(told), bySid(expected));
});
