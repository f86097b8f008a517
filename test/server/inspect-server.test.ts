import test from "ava";
import { type Namespace, Server } from "socket.io";
import type { Application } from "../../src/edge/application.js";
import { inspectServer } from "../../src/server/inspect-server.js";

const APPLICATION: Application = {
  revision: "1",
  alwaysConnect: false,
  inOrder: true,
  handlers: new Map([
    ["/python", { events: new Set(["say"]), any: false }],
    ["*", { events: new Set(["move"]), any: false }],
  ]),
};

/** A server without clients, and what stands for an edge in front of it. */
function start() {
  const io = new Server();
  const own = () => undefined;
  const edge = {
    applications: [APPLICATION],
    isInFrontOf: (namespace: Namespace) => namespace.listeners("connection").includes(own),
  };
  io.of("/python").on("connection", own);
  const any = io.of(() => undefined) as Namespace & { createChild(name: string): Namespace };
  any.on("connection", own);
  return { io, edge, any };
}

test("listeners of the edge are none of the application", (t) => {
  const { io, edge, any } = start();
  any.createChild("/room-1");
  const { handlers, notes } = inspectServer(io, edge);
  t.deepEqual([...handlers.keys()], ["/", "/python"]);
  t.like(handlers.get("/python"), { isSeen: true, connect: false, disconnect: false });
  t.deepEqual(notes, []);
});

test("a namespace with listeners and without clients is not seen", (t) => {
  const { io, edge, any } = start();
  for (const namespace of [io.of("/python"), io.of("/own"), any.createChild("/room-1")]) {
    namespace.on("connection", () => undefined);
  }
  const { handlers, notes } = inspectServer(io, edge);
  for (const name of ["/python", "/own", "/room-1"]) {
    t.like(handlers.get(name), { isSeen: false, connect: true });
    t.true(notes.some(({ namespace, isIncomplete }) => namespace === name && isIncomplete));
  }
  const [shared] = notes.filter(({ text }) => text.includes("(*)"));
  t.is(shared?.namespace, "/room-1");
});

test("of more namespaces than a table holds the rest is told", (t) => {
  const { io, edge } = start();
  for (let count = 0; count < 1_000; count += 1) {
    io.of(`/${count}`);
  }
  const { handlers, notes } = inspectServer(io, edge);
  t.is(handlers.size, 1_000);
  t.deepEqual(notes, [
    { namespace: undefined, text: "the table has 1000 of the 1002 namespaces of this server", isIncomplete: true },
  ]);
});
