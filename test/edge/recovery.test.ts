import { once } from "node:events";
import type { ServerResponse } from "node:http";
import test from "ava";
import type { ServerOptions } from "socket.io";
import { Inbox } from "../../src/testing/inbox.js";
import { startEdgeFleet } from "../helpers/edge-fleet.js";
import { describe, end, reply, startFakeBackend } from "../helpers/fake-backend.js";

/** Connection state recovery, which python-socketio does not have, before an application of Python. */

const DESCRIPTION = describe({ "/": { events: ["event"], any: false } });

const RECOVERIES: Readonly<Record<string, Partial<ServerOptions>>> = {
  "skips middlewares, as by default": { connectionStateRecovery: {} },
  "does not skip middlewares": { connectionStateRecovery: { skipMiddlewares: false } },
};

for (const [name, options] of Object.entries(RECOVERIES)) {
  test(`a client that resumes runs connect again, and its events are handled: recovery ${name}`, async (t) => {
    const workers = await startFakeBackend(t, {
      description: DESCRIPTION,
      onEvent: (_, response) => end(response, reply({}, ["answer"])),
    });
    const fleet = await startEdgeFleet(t);
    const { io, connect } = await fleet.startEdge(workers, options);
    const client = await connect();
    const { id } = client;
    // Without an event from the server, the client has nothing from which it could resume.
    io.emit("missed", 1);
    await once(client as never, "missed");
    client.io.engine.close();
    client.connect();
    await once(client as never, "connect");
    t.true(client.recovered);
    t.is(client.id, id);
    t.is(await client.timeout(5_000).emitWithAck("event"), "answer");
    const kinds = workers.calls.map(({ head }) => head.kind);
    t.deepEqual(kinds.toSorted(), ["connect", "connect", "disconnect", "event"]);
  });
}

test("connect of a client that resumes waits for its disconnect handler, which may be slow", async (t) => {
  const leaving = new Inbox<ServerResponse>();
  const workers = await startFakeBackend(t, {
    description: DESCRIPTION,
    onEvent: (_, response) => end(response, reply({}, ["answer"])),
    onDisconnect: (_, response) => leaving.add(response),
  });
  const fleet = await startEdgeFleet(t);
  const { io, connect } = await fleet.startEdge(workers, { connectionStateRecovery: {} });
  const client = await connect();
  io.emit("missed", 1);
  await once(client as never, "missed");
  client.io.engine.close();
  client.connect();
  await once(client as never, "connect");
  const answer = client.timeout(5_000).emitWithAck("event");
  const response = await leaving.find("its disconnect", () => true);
  // Whoever comes later does not have to wait.
  const { id } = await connect();
  t.deepEqual(
    workers.calls.map(({ head }) => [head.kind, head.sid]),
    [
      ["connect", client.id],
      ["disconnect", client.id],
      ["connect", id],
    ],
  );
  end(response, reply());
  t.is(await answer, "answer");
});

test("a client that resumes, and that Python refuses now, is disconnected", async (t) => {
  let isWelcome = true;
  const workers = await startFakeBackend(t, {
    description: DESCRIPTION,
    onConnect: (_, response) => end(response, reply({ accepted: isWelcome })),
  });
  const fleet = await startEdgeFleet(t);
  const { io, connect } = await fleet.startEdge(workers, { connectionStateRecovery: {} });
  const client = await connect();
  io.emit("missed", 1);
  await once(client as never, "missed");
  isWelcome = false;
  client.io.engine.close();
  client.connect();
  await once(client as never, "connect");
  const [reason] = await once(client as never, "disconnect");
  t.is(reason, "io server disconnect");
});
