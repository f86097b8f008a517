import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { Server } from "socket.io";
import { io as connect, type Socket } from "socket.io-client";
import type { ObservedEmit } from "../../src/adapter/reporting/handle.js";
import { handleLivePageEvents } from "../../src/server/live-page-events.js";
import { serveLivePage } from "../../src/server/live-page-files.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

const SNIPPET = 'manager.emit("hello", {"from": "Python"}, room="lobby")';
const OTHER_HOST = "3f2a9c1d5e6f47a8b9c0d1e2f3a4b5c6";
const TRANSPORTS = ["websocket", "polling"] as const;
const FILES = ["", "base.css", "style.css", "feed.css", "page.js", "feed.js", "form.js", "format.js", "icon.svg"].map(
  (name) => `/${name}`,
);

type Event = readonly [name: string, ...args: unknown[]];

/** A server with the demo, and what the adapter will do for it: announce an emit, then deliver it. */
async function startDemo(t: ExecutionContext) {
  const http = createServer((request, response) => {
    if (!serveLivePage(request, response)) {
      response.writeHead(404).end("nothing here");
    }
  });
  const io = new Server(http);
  const listeners: ((emit: ObservedEmit) => void)[] = [];
  handleLivePageEvents(
    io,
    {
      onEmit: (listener) => {
        listeners.push(listener);
        return () => {};
      },
    },
    { snippet: SNIPPET },
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  cleanUp(t, async () => {
    await io.close();
    http.closeAllConnections();
  });
  const emit = (event: string, args: readonly unknown[], change: Partial<ObservedEmit> = {}): void => {
    const about = { rooms: null, skipSids: [], hostId: OTHER_HOST, origin: "channel", ...change } as const;
    for (const listener of listeners) {
      listener({ namespace: "/", event, args, ...about });
    }
    io.to([...(about.rooms ?? [])])
      .except(about.skipSids.filter((sid) => io.sockets.sockets.has(sid)))
      .emit(event, ...args);
  };
  return { io, emit, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` };
}

/** A page that has been greeted, and everything that it received, in order. */
async function openPage(t: ExecutionContext, url: string, transport: (typeof TRANSPORTS)[number] = "websocket") {
  const socket = connect(url, { transports: [transport], forceNew: true, reconnection: false });
  cleanUp(t, () => socket.disconnect());
  const inbox = new Inbox<Event>();
  socket.onAny((...event) => inbox.add(event as unknown as Event));
  const until = (name: string) => inbox.find(name, ([received]) => received === name);
  const hello = await until("bridge:hello");
  return { socket, inbox, until, hello, sid: String(socket.id), ask: (...args: Event) => ask(socket, ...args) };
}

function ask(socket: Socket, ...args: Event): Promise<{ readonly ok: boolean; readonly error?: string }> {
  return withTimeout(`the acknowledgement of ${args[0]}`, socket.emitWithAck(...args));
}

/** What came before the barrier, without the news of rooms. */
async function receivedBefore(barrier: string, page: Awaited<ReturnType<typeof openPage>>): Promise<readonly Event[]> {
  await page.until(barrier);
  const events = page.inbox.items.filter(([name]) => name !== "bridge:hello" && name !== "bridge:rooms");
  return events.slice(
    0,
    events.findIndex(([name]) => name === barrier),
  );
}

/** `fetch` tidies paths up before it asks for them; this does not. */
function rawRequest(url: string, path: string, method = "GET"): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { path, method, agent: false }, async (response) => {
      let body = "";
      for await (const chunk of response.setEncoding("utf8")) {
        body += chunk;
      }
      resolve({ status: response.statusCode, body });
    });
    sent.on("error", reject).end();
  });
}

test("every file of the page has strict headers", async (t) => {
  const { url } = await startDemo(t);
  for (const path of FILES) {
    const response = await fetch(`${url}${path}`);
    const header = (name: string) => response.headers.get(name) ?? "";
    t.is(response.status, 200, path);
    t.regex(header("content-security-policy"), /^default-src 'self'; /, path);
    t.notRegex(header("content-security-policy"), /unsafe|\*|https?:/, path);
    t.is(header("x-content-type-options"), "nosniff", path);
    t.is(header("referrer-policy"), "no-referrer", path);
    t.is(header("cache-control"), "no-cache", path);
    t.is(header("content-length"), String((await response.arrayBuffer()).byteLength), path);
  }
});

test("each file has the type that nosniff requires", async (t) => {
  const { url } = await startDemo(t);
  const typeOf = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    await response.arrayBuffer();
    return response.headers.get("content-type");
  };
  t.is(await typeOf("/?from=banner"), "text/html; charset=utf-8");
  t.is(await typeOf("/style.css"), "text/css; charset=utf-8");
  t.is(await typeOf("/page.js"), "text/javascript; charset=utf-8");
  t.is(await typeOf("/icon.svg"), "image/svg+xml; charset=utf-8");
});

test("everything that the page loads is served here", async (t) => {
  const { url } = await startDemo(t);
  const asked = new Set<string>();
  for (const path of FILES) {
    const text = await (await fetch(`${url}${path}`)).text();
    for (const [, target = ""] of text.matchAll(/(?:(?:src|href)=|^import [^"]*)"([^"]+)"/gm)) {
      asked.add(target);
    }
  }
  for (const target of asked) {
    if (!target.startsWith("#")) {
      t.regex(target, /^\/(?!\/)/, "no address of another host");
      const response = await fetch(`${url}${target}`);
      await response.arrayBuffer();
      t.is(response.status, 200, target);
    }
  }
  t.true(asked.has("/socket.io/socket.io.esm.min.js"));
});

test("HEAD returns only headers, and other methods 405", async (t) => {
  const { url } = await startDemo(t);
  const head = await fetch(url, { method: "HEAD" });
  t.is(head.status, 200);
  t.true(Number(head.headers.get("content-length")) > 0);
  t.is(await head.text(), "");
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    const refused = await fetch(`${url}/page.js`, { method });
    t.is(refused.status, 405, method);
    t.is(refused.headers.get("allow"), "GET, HEAD", method);
    t.is(await refused.text(), "", method);
  }
});

test("no path escapes the files of the page", async (t) => {
  const { url } = await startDemo(t);
  const paths = [
    "/../serve.js",
    "/%2e%2e/serve.js",
    "/..%2fserve.js",
    "/..\\serve.js",
    "//page.js",
    "/./page.js",
    "/page.js/",
    "/page.js%00",
    "/index.html/../../serve.js",
    "/live-page/page.js",
    "/constructor",
    "/__proto__",
    "*",
  ];
  for (const path of paths) {
    t.deepEqual(await rawRequest(url, path), { status: 404, body: "nothing here" }, path);
  }
});

for (const transport of TRANSPORTS) {
  test(`a page over ${transport} gets the snippet, and is in the lobby`, async (t) => {
    const { io, url } = await startDemo(t);
    const page = await openPage(t, url, transport);
    t.deepEqual(page.hello, ["bridge:hello", { snippet: SNIPPET, rooms: ["lobby"] }]);
    t.deepEqual(io.sockets.adapter.rooms.get("lobby"), new Set([page.sid]));
  });

  test(`over ${transport} the notice arrives right before its event`, async (t) => {
    const { emit, url } = await startDemo(t);
    const page = await openPage(t, url, transport);
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    for (const index of numbers) {
      emit(index % 2 === 0 ? "even" : "odd", [index, Buffer.from([index])], { rooms: ["lobby", `other-${index}`] });
    }
    emit("end", []);
    const received = await receivedBefore("end", page);
    t.is(received.length, 2 * numbers.length + 1, "the last one is the notice of the end");
    for (const index of numbers) {
      const event = index % 2 === 0 ? "even" : "odd";
      const notice = { event, rooms: ["lobby", `other-${index}`], hostId: OTHER_HOST, origin: "channel" };
      t.deepEqual(received[2 * index], ["bridge:delivery", notice]);
      t.deepEqual(received[2 * index + 1], [event, index, Buffer.from([index])]);
    }
    t.deepEqual(received.at(-1), [
      "bridge:delivery",
      { event: "end", rooms: null, hostId: OTHER_HOST, origin: "channel" },
    ]);
  });

  test(`over ${transport} only recipients get the notice`, async (t) => {
    const { emit, url } = await startDemo(t);
    const member = await openPage(t, url, transport);
    const stranger = await openPage(t, url, transport);
    const skipped = await openPage(t, url, transport);
    t.deepEqual(await member.ask("bridge:join", "team"), { ok: true });
    t.deepEqual(await skipped.ask("bridge:join", "team"), { ok: true });
    emit("secret", ["plan"], { rooms: ["team"], skipSids: [skipped.sid], origin: "local", hostId: undefined });
    emit("end", []);
    const names = async (page: typeof member) => (await receivedBefore("end", page)).map(([name]) => name);
    t.deepEqual(await names(member), ["bridge:delivery", "secret", "bridge:delivery"]);
    t.deepEqual(await names(stranger), ["bridge:delivery"]);
    t.deepEqual(await names(skipped), ["bridge:delivery"]);
    t.deepEqual(member.inbox.items.find(([name]) => name === "bridge:delivery")?.[1], {
      event: "secret",
      rooms: ["team"],
      origin: "local",
    });
  });
}

test("a room with the name of a client that Python skips still gets the notice", async (t) => {
  const { emit, url } = await startDemo(t);
  const page = await openPage(t, url);
  await page.ask("bridge:join", "crew");
  emit("hello", [], { rooms: ["lobby"], skipSids: ["crew"] });
  emit("end", [], { namespace: "/chat" });
  t.deepEqual(await receivedBefore("end", page), [
    ["bridge:delivery", { event: "hello", rooms: ["lobby"], hostId: OTHER_HOST, origin: "channel" }],
    ["hello"],
  ]);
});

test("other namespaces and the page's own events are not announced", async (t) => {
  const { emit, url } = await startDemo(t);
  const page = await openPage(t, url);
  emit("elsewhere", [], { namespace: "/chat" });
  emit("bridge:own", []);
  emit("end", [], { namespace: "/chat" });
  t.deepEqual(await receivedBefore("end", page), [["elsewhere"], ["bridge:own"]]);
});

test("a page joins and leaves rooms, and is notified each time", async (t) => {
  const { io, url } = await startDemo(t);
  const page = await openPage(t, url);
  const told = (...rooms: string[]) =>
    page.inbox.find(`news of ${rooms}`, ([name, news]) => {
      return name === "bridge:rooms" && JSON.stringify(news) === JSON.stringify({ rooms });
    });
  t.deepEqual(await page.ask("bridge:join", "team"), { ok: true });
  await told("lobby", "team");
  t.deepEqual(await page.ask("bridge:leave", "lobby"), { ok: true });
  await told("team");
  t.deepEqual(io.sockets.sockets.get(page.sid)?.rooms, new Set([page.sid, "team"]));
});

test("a page is notified when others move it", async (t) => {
  const { io, url } = await startDemo(t);
  const page = await openPage(t, url);
  const told = (count: number) =>
    page.inbox.find(`${count} rooms`, ([name, news]) => {
      return name === "bridge:rooms" && (news as { rooms: string[] }).rooms.length === count;
    });
  io.in(page.sid).socketsJoin(["a", "b", "c"]);
  t.deepEqual(await told(4), ["bridge:rooms", { rooms: ["lobby", "a", "b", "c"] }]);
  io.in("lobby").socketsLeave("lobby");
  t.deepEqual(await told(3), ["bridge:rooms", { rooms: ["a", "b", "c"] }]);
});

test("invalid room names are rejected with the reason", async (t) => {
  const { io, url } = await startDemo(t);
  const page = await openPage(t, url);
  const refusals: [unknown, RegExp][] = [
    ["", /must be a non-empty string/],
    [42, /must be a non-empty string/],
    [null, /must be a non-empty string/],
    [["lobby"], /must be a non-empty string/],
    [{ toString: "lobby" }, /must be a non-empty string/],
    ["x".repeat(201), /has 201 characters; 200 are allowed/],
    [page.sid, /is this connection itself/],
  ];
  for (const event of ["bridge:join", "bridge:leave"]) {
    for (const [room, reason] of refusals) {
      const answer = await page.ask(event, room);
      t.false(answer.ok);
      t.regex(answer.error ?? "", reason);
    }
    t.like(await page.ask(event), { ok: false }, "no room at all");
  }
  t.deepEqual(io.sockets.sockets.get(page.sid)?.rooms, new Set([page.sid, "lobby"]));
  t.deepEqual(await page.ask("bridge:join", "x".repeat(200)), { ok: true });
});

test("a page sends to a room or to everyone, with any number of arguments", async (t) => {
  const { url } = await startDemo(t);
  const sender = await openPage(t, url);
  const member = await openPage(t, url);
  const other = await openPage(t, url);
  await member.ask("bridge:join", "team");
  t.deepEqual(await sender.ask("bridge:send", { event: "none", args: [], room: "team" }), { ok: true });
  t.deepEqual(await sender.ask("bridge:send", { event: "one", args: [{ a: null }], room: "team" }), { ok: true });
  t.deepEqual(await sender.ask("bridge:send", { event: "two", args: [1, Buffer.from("x")], room: "team" }), {
    ok: true,
  });
  t.deepEqual(await sender.ask("bridge:send", { event: "end", args: [], room: null }), { ok: true });
  t.deepEqual(await receivedBefore("end", member), [["none"], ["one", { a: null }], ["two", 1, Buffer.from("x")]]);
  t.deepEqual(await receivedBefore("end", other), []);
  t.deepEqual(await receivedBefore("end", sender), []);
});

test("invalid requests to send are rejected with the reason", async (t) => {
  const { url } = await startDemo(t);
  const page = await openPage(t, url);
  const deep = JSON.parse(`${"[".repeat(2_000)}${"]".repeat(2_000)}`);
  const refusals: [unknown, RegExp][] = [
    [null, /takes \{ event, args, room \}/],
    ["hello", /takes \{ event, args, room \}/],
    [{ args: [], room: null }, /event name must be a non-empty string/],
    [{ event: "", args: [], room: null }, /event name must be a non-empty string/],
    [{ event: "x".repeat(201), args: [], room: null }, /event name has 201 characters/],
    [{ event: "hello", args: "x", room: null }, /must be a list/],
    [{ event: "hello", args: { length: 1 }, room: null }, /must be a list/],
    [{ event: "hello", args: Array(51).fill(0), room: null }, /at most 50/],
    [{ event: "hello", args: [deep], room: null }, /nested more than 100 levels/],
    [{ event: "hello", args: [] }, /room must be a non-empty string/],
    [{ event: "hello", args: [], room: "" }, /room must be a non-empty string/],
    [{ event: "hello", args: [], room: ["lobby"] }, /room must be a non-empty string/],
    [{ event: "bridge:delivery", args: [], room: null }, /start with "bridge:" are reserved for this page/],
    ...["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"].map(
      (event): [unknown, RegExp] => [{ event, args: [], room: null }, /is reserved by Socket\.IO/],
    ),
  ];
  for (const [request, reason] of refusals) {
    const answer = await page.ask("bridge:send", request);
    t.false(answer.ok);
    t.regex(answer.error ?? "", reason);
  }
  await page.ask("bridge:send", { event: "end", args: [], room: null });
  t.deepEqual(await receivedBefore("end", page), []);
});

test("a page that requests no acknowledgement does no harm", async (t) => {
  const { url } = await startDemo(t);
  const page = await openPage(t, url);
  page.socket.emit("bridge:join", "quiet");
  page.socket.emit("bridge:join");
  page.socket.emit("bridge:send", { event: "connect", args: [], room: null });
  page.socket.emit("bridge:send", { event: "end", args: [], room: "quiet" });
  t.deepEqual(await receivedBefore("end", page), []);
});
