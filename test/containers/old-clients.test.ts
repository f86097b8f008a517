import test, { type ExecutionContext } from "ava";
import { type ClientKind, connectClient, type TestClient, type Transport } from "../../src/testing/clients.js";
import { ownChannel, startNodeHost } from "../../src/testing/node-host.js";
import type { Python } from "../../src/testing/python.js";
import { startPeer } from "../../src/testing/python-peer.js";
import { tuple } from "../../src/testing/typed-json.js";
import { type Matrix, startMatrix } from "./matrix/matrix.js";
import { readRows } from "./matrix/rows.js";

/** Clients of Engine.IO 3 are what neither line of python-socketio takes beside those of Engine.IO 4. */
const bytes = Buffer.from([0, 1, 254, 255]);
const rows = readRows();
const engineIo3 = rows.find(({ release }) => release.startsWith("4."));
const newest = rows.at(-1);

let matrix: Matrix;
let url: string;
let oldPython: Python;
let python: Python;

test.before(async (t) => {
  if (engineIo3 === undefined || newest === undefined) {
    return t.fail("there is no row of python-socketio 4");
  }
  matrix = await startMatrix();
  ({ url } = await matrix.broker("redis"));
  const containers = await Promise.all([matrix.container(engineIo3), matrix.container(newest)]);
  [oldPython, python] = containers.map((container) => container.python) as [Python, Python];
});

test.after.always("no Python program is left", async (t) => {
  t.deepEqual(await matrix.end(), []);
});

/** A Node host that takes both protocols, and one client of each sort in the room `r`. */
async function startMixed(t: ExecutionContext, transport: Transport) {
  const channel = ownChannel();
  const node = await startNodeHost(t, url, { channel }, { allowEIO3: true });
  const connect = (interpreter: Python, kind: ClientKind) =>
    connectClient(t, interpreter, node.url, { kind, transport });
  const clients = await Promise.all([
    connect(python, "js"),
    connect(python, "js-v2"),
    connect(python, "python"),
    connect(oldPython, "python"),
  ]);
  const protocols = clients.map(({ sid }) => node.io.sockets.sockets.get(sid)?.conn.protocol);
  t.deepEqual(protocols, [4, 3, 4, 3]);
  await Promise.all(clients.map((client) => client.call("join", "r")));
  return { node, channel, clients };
}

const eachAnswersItsNumber = (clients: readonly TestClient[]) =>
  Promise.all(clients.map((client, number) => client.acknowledgeWith({ number }, "two")));

for (const transport of ["websocket", "polling"] as const) {
  test.serial(
    `over ${transport}, clients of both protocols in a room of a Node host get what Python emits`,
    async (t) => {
      const { node, channel, clients } = await startMixed(t, transport);
      const host = await startPeer(t, python, "threaded", { queue: url, channel });
      const emit = (event: string, fields: object) => host.request("emit", { event, room: "r", ...fields });
      await emit("no data", { no_data: true });
      await emit("one", { data: { a: [1, null, "🐍"] } });
      await emit("several", { data: tuple(1, "two", [3]) });
      await emit("bytes", { data: { at: [{ depth: bytes }] } });
      await emit("but one", { skip_sid: clients.map(({ sid }) => sid)[1] });
      node.io.to("r").emit("by Node", bytes, "and text");
      await emit("the end", {});
      const received = await Promise.all(clients.map((client) => client.until("the end")));
      const all = [
        ["no data"],
        ["one", { a: [1, null, "🐍"] }],
        ["several", 1, "two", [3]],
        ["bytes", { at: [{ depth: bytes }] }],
        ["but one"],
        ["by Node", bytes, "and text"],
      ];
      const sorted = (events: readonly (readonly unknown[])[]) =>
        events.toSorted(([a], [b]) => String(a).localeCompare(String(b)));
      const expected = clients.map((_, number) => all.filter(([event]) => number !== 1 || event !== "but one"));
      t.deepEqual(received.map(sorted), expected.map(sorted));
    },
  );

  test.serial(`over ${transport}, each of these clients acknowledges, to Python and to Node`, async (t) => {
    const { node, channel, clients } = await startMixed(t, transport);
    const host = await startPeer(t, python, "threaded", { queue: url, channel });
    await eachAnswersItsNumber(clients);
    for (const [number, { sid }] of clients.entries()) {
      t.deepEqual(await host.request("call", { event: "ask", to: sid, timeout: 10 }), [{ number }, "two"]);
    }
    const answers = (await node.io.timeout(3_000).to("r").emitWithAck("ask all")) as { number: number }[];
    t.deepEqual(answers.map(({ number }) => number).sort(), [0, 1, 2, 3]);
  });

  test.serial(`over ${transport}, Python moves and disconnects clients of both protocols`, async (t) => {
    const { channel, clients } = await startMixed(t, transport);
    const host = await startPeer(t, python, "threaded", { queue: url, channel });
    for (const { sid } of clients) {
      await host.request("enter_room", { sid, room: "s" });
      await host.request("leave_room", { sid, room: "r" });
    }
    await host.request("emit", { event: "to nobody", room: "r" });
    await host.request("emit", { event: "the end", room: "s" });
    for (const client of clients) {
      t.deepEqual(await client.until("the end"), []);
      await host.request("disconnect", { sid: client.sid });
      await client.disconnected();
    }
  });
}
