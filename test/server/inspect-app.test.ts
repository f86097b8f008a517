import test from "ava";
import type { Server } from "socket.io";
import { type InspectOptions, inspectApp } from "../../src/server/inspect-app.js";

/** Events by namespace, and the notes with theirs. */
async function inspect(app: (io: Server) => unknown, options: Partial<InspectOptions> = {}) {
  const { handlers, notes } = await inspectApp(app, { served: [], namespaces: [], auth: undefined, ...options });
  return {
    events: Object.fromEntries([...handlers].map(([name, { events }]) => [name, [...events]])),
    handlers,
    notes: notes.map(({ namespace, text, isIncomplete }) => `${isIncomplete ? "!" : ""}${namespace}: ${text}`),
  };
}

test("the handlers of every namespace are those of a client, also where listeners wait before they add one", async (t) => {
  const { events, handlers, notes } = await inspect((io) => {
    io.on("connection", async (socket) => {
      socket.on("say", () => {});
      await new Promise(setImmediate);
      socket.on("later", () => {});
      socket.on("disconnect", () => {});
    });
    io.of("/chat").on("connect", (socket) => socket.on("join", () => {}));
    io.of("/quiet");
  });
  t.deepEqual(events, { "/": ["say", "later"], "/chat": ["join"], "/quiet": [] });
  t.like(handlers.get("/"), { connect: true, disconnect: true, isSeen: true });
  t.like(handlers.get("/chat"), { connect: true, disconnect: false });
  t.like(handlers.get("/quiet"), { connect: false, disconnect: false });
  t.deepEqual(notes, []);
});

test("a namespace of a pattern is looked at where Python serves it, or by its name", async (t) => {
  const app = (io: Server) => io.of(/^\/room-\d$/).on("connection", (socket) => socket.on("say", () => {}));
  t.deepEqual((await inspect(app)).events, { "/": [] });
  t.deepEqual((await inspect(app, { namespaces: ["/room-1"] })).events, { "/": [], "/room-1": ["say"] });
  t.deepEqual((await inspect(app, { served: ["/room-2"] })).events, { "/": [], "/room-2": ["say"] });
  const { events, notes } = await inspect(app, { namespaces: ["/other"] });
  t.deepEqual(events, { "/": [] });
  t.deepEqual(notes, ['!/other: no such namespace ("Invalid namespace")']);
});

test("a middleware that refuses the client is told, and lets it in with the auth that it asks for", async (t) => {
  const app = (io: Server) => {
    io.use((socket, next) => next(socket.handshake.auth.token === "t" ? undefined : new Error("who are you?")));
    io.on("connection", (socket) => socket.on("say", () => {}));
  };
  const refused = await inspect(app);
  t.deepEqual(refused.events, { "/": [] });
  t.like(refused.handlers.get("/"), { isSeen: false, connect: true });
  t.deepEqual(refused.notes, ['!/: a middleware does not let the client in ("who are you?"); try --auth']);
  const accepted = await inspect(app, { auth: { token: "t" } });
  t.deepEqual([accepted.events, accepted.notes], [{ "/": ["say"] }, []]);
});

test("a middleware of Engine.IO that refuses the connection is told, too", async (t) => {
  const { notes } = await inspect((io) => {
    io.engine.use((_request: unknown, _response: unknown, next: (error: Error) => void) => next(new Error("closed")));
  });
  t.is(notes.length, 1);
  t.regex(notes[0] ?? "", /^!\/: .*status 400/);
});

test("listeners that throw, refuse the client or see every event are told, and end nothing", async (t) => {
  const { events, notes } = await inspect((io) => {
    io.on("connection", (socket) => {
      socket.on("say", () => {});
      throw new Error("at once\u001b[31m");
    });
    io.of("/later").on("connection", async () => {
      await null;
      throw new Error("later");
    });
    io.of("/bye").on("connection", (socket) => socket.disconnect());
    io.of("/any").on("connection", (socket) => socket.onAny(() => {}));
  });
  t.deepEqual(events, { "/": ["say"], "/later": [], "/bye": [], "/any": [] });
  t.deepEqual(notes, [
    '!/: a connection listener throws "at once\\u001b[31m"',
    '!/later: a connection listener throws "later"',
    "!/bye: a connection listener disconnects the client; handlers may be missing",
    "/any: an onAny listener sees every event, and serves none: it is no handler to the edge",
  ]);
});
