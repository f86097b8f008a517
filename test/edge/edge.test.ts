import type { ServerResponse } from "node:http";
import test, { type ExecutionContext } from "ava";
import type { Server } from "socket.io";
import { io as connect, type Socket } from "socket.io-client";
import { encodeArgs, encodeBody } from "../../src/edge/body.js";
import { createEdge, type EdgeOptions } from "../../src/edge/index.js";
import { memoryBus } from "../../src/index.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import {
  describe,
  end,
  FAKE_SECRET,
  type FakeBackend,
  type FakeBackendOptions,
  reply,
  startFakeBackend,
} from "../helpers/fake-backend.js";
import { startNodeHost } from "../helpers/node-host.js";

/** What workers can do to an edge that no worker should, and what clients can do to both. */

const EVERYTHING = describe({ "/": { events: ["event", "join"], any: false } });

interface Stage {
  readonly io: Server;
  readonly log: Inbox<string>;
  readonly edge: ReturnType<typeof createEdge>;
  open(namespace?: string, options?: object): Socket;
  connect(namespace?: string, options?: object): Promise<Socket>;
}

/** An edge before these backends. */
async function startEdge(
  t: ExecutionContext,
  backends: readonly FakeBackend[],
  options: Partial<EdgeOptions> = {},
): Promise<Stage> {
  const log = new Inbox<string>();
  const add = (line: string) => log.add(line);
  const host = await startNodeHost(t, memoryBus(t.title), {});
  const edge = createEdge(host.io, host.adapter, {
    backend: backends.map(({ url }) => url),
    secret: FAKE_SECRET,
    logger: { info: add, warn: add },
    ...options,
  });
  cleanUp(t, () => edge.close());
  const open: Stage["open"] = (namespace = "/", clientOptions = {}) => {
    const socket = connect(new URL(namespace, host.url).href, {
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
      ...clientOptions,
    });
    cleanUp(t, () => socket.disconnect());
    return socket;
  };
  return {
    io: host.io,
    log,
    edge,
    open,
    connect: async (namespace, clientOptions) => {
      const socket = open(namespace, clientOptions);
      await new Promise<void>((done, fail) => socket.once("connect", done).once("connect_error", fail));
      return socket;
    },
  };
}

async function startStage(t: ExecutionContext, backend: Partial<FakeBackendOptions> = {}, options = {}) {
  const workers = await startFakeBackend(t, { description: EVERYTHING, ...backend });
  const stage = await startEdge(t, [workers], options);
  await stage.edge.ready();
  return { workers, stage };
}

const ask = (socket: Socket, event: string, ...args: unknown[]): Promise<unknown> =>
  socket.timeout(20_000).emitWithAck(event, ...args);

const failure = (error: string) => ({ socketioBridge: { error } });

const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);

const WRONG: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  text: Buffer.from("<html>502 Bad Gateway</html>"),
  "lengths of more than there is": Buffer.from("2 99999\n{}[]"),
  "a length beyond all bounds": Buffer.from(`2 ${"9".repeat(400)}\n{}[]`),
  "no JSON": Buffer.from("2 2\n{][}"),
  "a list in place of the head": Buffer.from("2 2\n[][]"),
  "an object in place of the arguments": Buffer.from("2 2\n{}{}"),
  "a placeholder without bytes": Buffer.from('2 29 1\n{}[{"_placeholder":true,"num":7}]x'.replace("29", "31")),
  "arguments beyond what a function takes": Buffer.from(`2 ${2 * 200_000 + 1}\n{}[${"1,".repeat(199_999)}1]`),
  "arguments without an end to their depth": Buffer.from(`2 2000000\n{}${"[".repeat(1e6)}${"]".repeat(1e6)}`),
  "more than an edge takes": Buffer.alloc(17 * 2 ** 20, " "),
};

for (const [what, body] of Object.entries(WRONG)) {
  test(`a worker that answers with ${what} costs the acknowledgement of that event alone`, async (t) => {
    let isWrong = true;
    const { workers, stage } = await startStage(t, {
      onEvent: (_, response) => end(response, isWrong ? body : reply({}, ["well"])),
    });
    const socket = await stage.connect();
    t.deepEqual(await ask(socket, "event"), failure("no_answer"));
    isWrong = false;
    t.is(await ask(socket, "event"), "well");
    t.is(workers.calls.filter(({ head }) => head.event === "event").length, 2);
    t.deepEqual(stage.edge.stats().lost, { no_answer: 1 });
    t.true(stage.log.items.some((line) => line.includes('the event "event" is lost (no_answer)')));
  });
}

test("a handler that takes too long costs its acknowledgement alone", async (t) => {
  const { stage } = await startStage(
    t,
    { onEvent: ({ args }, response) => (args[0] === "slow" ? undefined : end(response, reply({}, ["quick"]))) },
    { timeout: 2_000 },
  );
  const socket = await stage.connect();
  const [slow, quick] = await Promise.all([ask(socket, "event", "slow"), ask(socket, "event", "quick")]);
  t.deepEqual(slow, failure("no_answer"));
  t.is(quick, "quick");
});

for (const maxCalls of [1, 64]) {
  test(`many calls over at most ${maxCalls} connections leak no listeners: Node does not warn`, async (t) => {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => warnings.push(message);
    process.on("warning", onWarning);
    cleanUp(t, () => process.off("warning", onWarning));
    const { stage } = await startStage(
      t,
      { onEvent: (_, response) => void setImmediate(() => end(response, reply({}, ["well"]))) },
      { concurrent: true, maxCalls },
    );
    const socket = await stage.connect();
    await Promise.all(Array.from({ length: 40 }, () => ask(socket, "event")));
    t.deepEqual(warnings, []);
  });
}

test("a call that waits long at a server that asks for bodies is repeated when that ends", async (t) => {
  let busy: ServerResponse | undefined;
  const { workers, stage } = await startStage(t, {
    onContinue: (response) => {
      if (workers.calls.length === 0 || busy !== undefined) {
        return true;
      }
      busy = response;
      // Longer than an edge waits for a server that may not know `Expect`.
      setTimeout(() => response.socket?.destroy(), 7_000);
      return false;
    },
    onEvent: (_, response) => end(response, reply({}, ["well"])),
  });
  const socket = await stage.connect();
  t.is(await ask(socket, "event"), "well");
  t.not(busy, undefined);
});

test("a backend that answers calls is not away, however long it has no worker for the question what it handles", async (t) => {
  const questions: ServerResponse[] = [];
  let revision = 1;
  const { stage } = await startStage(t, {
    description: (response) => {
      questions.push(response);
      if (questions.length === 1) {
        end(response, encodeBody({ ...EVERYTHING }, encodeArgs([])));
      }
    },
    // Of another revision, which is a reason to ask.
    onEvent: (_, response) => {
      revision += 1;
      setTimeout(() => end(response, reply({ revision: String(revision) }, ["well"])), 100);
    },
  });
  const socket = await stage.connect();
  while (questions.length < 5) {
    t.is(await ask(socket, "event"), "well");
  }
  t.deepEqual(
    stage.log.items.filter((line) => line.includes("events wait")),
    [],
  );
});

test("what no worker has begun with is repeated; a backend that is away is asked with pauses", async (t) => {
  let refused = 0;
  const { workers, stage } = await startStage(t, {
    onContinue: (response) => {
      refused += 1;
      if (refused === 1 || refused > 4) {
        return true;
      }
      if (refused % 2 === 0) {
        end(response, "", 503);
      } else {
        response.socket?.destroy();
      }
      return false;
    },
    onEvent: (_, response) => end(response, reply({}, ["done"])),
  });
  const socket = await stage.connect();
  t.is(await ask(socket, "event"), "done");
  t.is(workers.calls.filter(({ head }) => head.kind === "event").length, 1);
  t.is(refused, 5);
  t.deepEqual(stage.edge.stats().lost, {});
});

test("an event that nobody takes in time fails, and so does a client", async (t) => {
  let answer = () => {};
  const onEvent: FakeBackendOptions["onEvent"] = (_, response) => {
    answer = () => end(response, reply());
  };
  const { stage } = await startStage(t, { onEvent }, { maxCalls: 1, maxWait: 200 });
  const [socket, other] = [await stage.connect(), await stage.connect()];
  socket.emit("event");
  t.deepEqual(await ask(other, "event"), failure("no_worker"));
  const error = (await t.throwsAsync(stage.connect())) as Error & { data: unknown };
  t.is(error.message, "the server cannot be reached at the moment: try again");
  t.deepEqual(error.data, { code: "BRIDGE_BACKEND_FAILED" });
  answer();
});

test("more than a client may have wait is dropped, and told", async (t) => {
  let begin = (_answer: () => void) => {};
  const begun = new Promise<() => void>((resolve) => {
    begin = resolve;
  });
  const onEvent: FakeBackendOptions["onEvent"] = ({ args }, response) => {
    const answer = () => end(response, reply({}, ["done"]));
    if (args[0] === "first") {
      begin(answer);
    } else {
      answer();
    }
  };
  const { stage } = await startStage(t, { onEvent }, { clientQueue: { maxEvents: 2, maxBytes: 100 } });
  const socket = await stage.connect();
  const waiting = [ask(socket, "event", "first"), ask(socket, "event", "second")];
  t.deepEqual(await ask(socket, "event", "third"), failure("queue_full"));
  t.is(stage.edge.stats().pending, 2);
  (await begun)();
  t.deepEqual(await Promise.all(waiting), ["done", "done"]);
  t.deepEqual(await ask(socket, "event", "x".repeat(200)), failure("queue_full"));
  t.deepEqual(stage.edge.stats().lost, { queue_full: 2 });
});

test("calls go to the backend that has the fewest, and no more than it may have", async (t) => {
  const held: (() => void)[] = [];
  const backend = () =>
    startFakeBackend(t, {
      description: EVERYTHING,
      onEvent: (_, response) => void held.push(() => end(response, reply({}, [1]))),
    });
  const backends = [await backend(), await backend()];
  const stage = await startEdge(t, backends, { maxCalls: 2 });
  await stage.edge.ready();
  const sockets = await Promise.all(Array.from({ length: 6 }, () => stage.connect()));
  const answers = sockets.map((socket) => ask(socket, "event"));
  const events = ({ calls }: FakeBackend) => calls.filter(({ head }) => head.kind === "event").length;
  const inFlight = () => backends.map(events);
  const until = async (total: number) => {
    while (inFlight().reduce((sum, count) => sum + count, 0) < total) {
      await new Promise((done) => setImmediate(done));
    }
  };
  await until(4);
  t.deepEqual(inFlight(), [2, 2]);
  t.is(stage.edge.stats().pending, 6);
  for (let answered = 0; answered < 6; answered += 1) {
    while (held.length === 0) {
      await new Promise((done) => setImmediate(done));
    }
    held.shift()?.();
  }
  t.deepEqual(await Promise.all(answers), [1, 1, 1, 1, 1, 1]);
});

test("a backend that is none, has another secret or another version is named, and nothing is served before one is there", async (t) => {
  const refusing = { error: "the secret is missing or wrong" };
  const bad = await Promise.all([
    startFakeBackend(t, {
      description: (response) => end(response, Buffer.from(`42 2\n${JSON.stringify(refusing)}[]`), 401),
    }),
    startFakeBackend(t, { description: { ...EVERYTHING, version: 2 } }),
    startFakeBackend(t, { description: { hello: "world" } }),
    startFakeBackend(t, { description: (response) => end(response, "<html>") }),
  ]);
  const stage = await startEdge(t, bad);
  const told = (text: RegExp) => stage.log.find(String(text), (line) => text.test(line));
  await told(/answers with status 401 \("the secret is missing or wrong"\): give the edge and the workers the same/);
  await told(/speaks version 2 of the protocol, and this edge version 1/);
  await told(/speaks version undefined of the protocol/);
  await told(/the answer does not begin with the lengths of its parts/);
  t.true(bad.every(({ requests }) => requests.every(({ authorization }) => authorization === `Bearer ${FAKE_SECRET}`)));
  t.false(stage.log.items.some((line) => line.includes(FAKE_SECRET)));
});

test("names of events that an object has are events, and go where a catch-all handler is", async (t) => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "\u0000", "\n", '"', "é".repeat(1_000)];
  const { workers, stage } = await startStage(t, {
    description: describe({ "/": { events: [], any: true } }),
    onEvent: ({ head }, response) => end(response, reply({}, [head.event])),
  });
  const socket = await stage.connect();
  for (const name of names) {
    t.is(await ask(socket, name), name);
  }
  t.is(workers.calls.filter(({ head }) => head.kind === "event").length, names.length);
});

test("while a client waits to be decided upon, it gets nothing of what others in the namespace get", async (t) => {
  let answer = () => {};
  const { workers, stage } = await startStage(t, {
    description: describe({ "/": { events: ["slow"], any: false }, "/private": { events: [], any: false } }),
    onConnect: ({ head }, response) =>
      end(response, head.namespace === "/private" ? reply({ accepted: false }) : reply()),
    onEvent: (_, response) => {
      answer = () => end(response, reply({}, ["done"]));
    },
  });
  const socket = await stage.connect();
  const slow = ask(socket, "slow");
  while (workers.calls.length < 2) {
    await new Promise((done) => setImmediate(done));
  }
  const spy = socket.io.socket("/private");
  const heard: unknown[] = [];
  spy.onAny((event) => heard.push(event));
  const refused = new Promise((done) => spy.once("connect_error", done));
  // The server has read the packet by the time that it answers a later one.
  const behind = socket.io.socket("/nobody");
  await new Promise((done) => behind.once("connect_error", done));
  stage.io.of("/private").emit("secret");
  answer();
  t.is(await slow, "done");
  await refused;
  t.deepEqual(heard, []);
});

test("a client that leaves while its connect handler runs is not kept, and gets its disconnect", async (t) => {
  const answers: (() => void)[] = [];
  const { workers, stage } = await startStage(t, {
    onConnect: (_, response) => void answers.push(() => end(response, reply())),
  });
  const socket = stage.open();
  while (answers.length === 0) {
    await new Promise((done) => setImmediate(done));
  }
  socket.disconnect();
  while (stage.io.engine.clientsCount > 0) {
    await new Promise((done) => setImmediate(done));
  }
  answers[0]?.();
  while (workers.calls.at(-1)?.head.kind !== "disconnect") {
    await new Promise((done) => setImmediate(done));
  }
  const namespace = stage.io.of("/") as unknown as Record<"sockets" | "_preConnectSockets", Map<string, unknown>>;
  t.deepEqual([namespace.sockets.size, namespace._preConnectSockets.size], [0, 0]);
  t.is(stage.io.of("/").adapter.sids.size, 0);
});

test("with always_connect nothing is handled of what a client sends that is refused", async (t) => {
  const { workers, stage } = await startStage(t, {
    description: { ...EVERYTHING, alwaysConnect: true },
    onConnect: (_, response) => end(response, reply({ accepted: false, refusal: { message: "no" } })),
  });
  const socket = await stage.connect();
  const gone = new Promise((done) => socket.once("disconnect", done));
  for (let count = 0; count < 3; count += 1) {
    socket.emit("event", count);
  }
  await gone;
  t.deepEqual(
    workers.calls.map(({ head }) => head.kind),
    ["connect"],
  );
});

test("events wait as long as one of them may, however many there are", async (t) => {
  const { stage } = await startStage(t, { onEvent: () => {} }, { maxCalls: 1, maxWait: 400, timeout: 3_000 });
  const [socket, other] = [await stage.connect(), await stage.connect()];
  socket.emit("event");
  const start = performance.now();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(other, "event")));
  t.deepEqual(answers, Array(10).fill(failure("no_worker")));
  t.true(performance.now() - start < 10 * 400);
});

test("status 503 after the body was sent is no reason to send it again", async (t) => {
  const { workers, stage } = await startStage(t, { onEvent: (_, response) => end(response, "", 503) });
  const socket = await stage.connect();
  t.deepEqual(await ask(socket, "event"), failure("no_answer"));
  t.is(workers.calls.filter(({ head }) => head.kind === "event").length, 1);
});

test("a reply to another call is none, whoever has mixed them up", async (t) => {
  const mixedUp = reply({ id: "of another", sessions: { flask: "of another" } }, ["of another"]);
  const { stage } = await startStage(t, { onEvent: (_, response) => end(response, mixedUp) });
  const socket = await stage.connect();
  t.deepEqual(await ask(socket, "event"), failure("no_answer"));
  t.true(stage.log.items.some((line) => line.includes("the reply is that to another call")));
});

test("an event that nobody handles is counted, and asks the workers whether they have it by now", async (t) => {
  let events = ["event"];
  const { stage } = await startStage(t, {
    description: (response) =>
      end(response, encodeBody({ ...describe({ "/": { events, any: false } }, events.join()) }, encodeArgs([]))),
    onEvent: (_, response) => end(response, reply({ revision: "event" }, ["done"])),
  });
  const socket = await stage.connect();
  events = ["event", "new"];
  socket.emit("new");
  let answer: unknown;
  while (answer === undefined) {
    answer = await socket
      .timeout(100)
      .emitWithAck("new")
      .catch(() => undefined);
  }
  t.is(answer, "done");
  t.true(stage.edge.stats().unhandled > 0);
});

test("events that are concurrent do not wait for each other, and a disconnect waits for all", async (t) => {
  const held: (() => void)[] = [];
  const { workers, stage } = await startStage(
    t,
    {
      description: describe({ "/": { events: ["slow", "quick", "next"], any: false } }),
      onEvent: ({ head }, response) => {
        const answer = () => end(response, reply({}, [head.event]));
        if (head.event === "slow") {
          held.push(answer);
        } else {
          answer();
        }
      },
    },
    { concurrent: ["slow", "quick"] },
  );
  const socket = await stage.connect();
  const slow = [ask(socket, "slow"), ask(socket, "slow")];
  t.is(await ask(socket, "quick"), "quick");
  t.is(await ask(socket, "next"), "next");
  while (held.length < 2) {
    await new Promise((done) => setImmediate(done));
  }
  const kinds = () => workers.calls.map(({ head }) => head.event ?? head.kind);
  t.deepEqual(kinds().sort(), ["connect", "next", "quick", "slow", "slow"]);
  for (const answer of held) {
    answer();
  }
  t.deepEqual(await Promise.all(slow), ["slow", "slow"]);
  socket.disconnect();
  while (kinds().at(-1) !== "disconnect") {
    await new Promise((done) => setImmediate(done));
  }
  t.is(kinds().length, 6);
});

test("an event that is repeatable runs again where its worker ended, and no other does", async (t) => {
  let deaths = 0;
  const { workers, stage } = await startStage(
    t,
    {
      description: describe({ "/": { events: ["again", "once"], any: false } }),
      onEvent: (_, response) => {
        deaths += 1;
        if (deaths <= 2) {
          response.socket?.destroy();
        } else {
          end(response, reply({}, ["done"]));
        }
      },
    },
    { repeatable: ["again"] },
  );
  const socket = await stage.connect();
  t.deepEqual(await ask(socket, "once"), failure("no_answer"));
  t.is(await ask(socket, "again"), "done");
  t.deepEqual(
    workers.calls.flatMap(({ head }) => head.event ?? []),
    ["once", "again", "again"],
  );
});

test("an option that does not exist, or has another form, is refused", async (t) => {
  const host = await startNodeHost(t, memoryBus(t.title), {});
  const create = (options: object) => () =>
    createEdge(host.io, host.adapter, { backend: "http://127.0.0.1:1", secret: FAKE_SECRET, ...options });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [{ backend: [] }, /the list is empty/],
    [{ backend: "ftp://a" }, /"ftp:\/\/a" is not an http or https URL/],
    [{ secret: "" }, /secret is empty/],
    [{ concurent: true }, /there is no option of the edge "concurent"/],
    [{ concurrent: "say" }, /concurrent takes true, or a list of names/],
    [{ timeout: 0 }, /timeout is 0/],
    [{ queue: { maxEvents: -1 } }, /queue\.maxEvents is -1/],
    [{ clientQueue: { events: 1 } }, /there is no option of clientQueue "events"/],
  ];
  for (const [options, message] of wrong) {
    t.throws(create(options), { message });
  }
});

test("with always_connect a client is in before its handler has run, and is put out if that refuses it", async (t) => {
  let isRefusing = false;
  const { workers, stage } = await startStage(t, {
    description: { ...EVERYTHING, alwaysConnect: true },
    onConnect: (_, response) =>
      end(response, isRefusing ? reply({ accepted: false, refusal: { message: "no" } }) : reply()),
    onEvent: (_, response) => end(response, reply({}, ["done"])),
  });
  t.is(await ask(await stage.connect(), "event"), "done");
  isRefusing = true;
  const refused = await stage.connect();
  await new Promise<void>((done) => refused.once("disconnect", () => done()));
  t.deepEqual(
    workers.calls.map(({ head }) => head.kind),
    ["connect", "event", "connect"],
  );
});

test("an application of every namespace serves each, beside those of the server", async (t) => {
  const { stage } = await startStage(t, {
    description: describe({ "*": { events: ["where"], any: false }, "/own": { events: ["here"], any: false } }),
    onEvent: ({ head }, response) => end(response, reply({}, [head.namespace, head.event])),
  });
  const allOf = (socket: Socket, event: string) =>
    new Promise((done) => socket.emit(event, (...args: unknown[]) => done(args)));
  t.deepEqual(await allOf(await stage.connect("/any?thing"), "where"), ["/any", "where"]);
  t.deepEqual(await allOf(await stage.connect("/own"), "here"), ["/own", "here"]);
  t.is(await ask(await stage.connect("/chat"), "join", "room").then(String), "joined,room");
});

test("a query is handed on as it is", async (t) => {
  const { workers, stage } = await startStage(t);
  await stage.connect("/", { query: { q: "a?b=c&d", e: "é" } });
  const [connected] = workers.calls;
  const { query = "" } = (connected?.head.request ?? {}) as { readonly query?: string };
  t.is(new URLSearchParams(query).get("q"), "a?b=c&d");
  t.is(new URLSearchParams(query).get("e"), "é");
});

test("arguments nested deeper than Python can read are refused, wherever a client puts them", async (t) => {
  const { stage } = await startStage(t, { onEvent: ({ args }, response) => end(response, reply({}, args)) });
  const socket = await stage.connect();
  t.deepEqual(await ask(socket, "event", nested(890)), nested(890));
  t.deepEqual(await ask(socket, "event", nested(2_000)), failure("unreadable"));
  await t.throwsAsync(stage.connect("/", { auth: { token: nested(2_000) } }), {
    message: /nested more than 900 levels/,
  });
  t.is(await ask(await stage.connect("/", { auth: { token: nested(800) } }), "event", 1), 1);
});

test("an edge that is closed while a handler runs gives it ten seconds, and then ends the call", async (t) => {
  const { workers, stage } = await startStage(t, { onEvent: () => {} });
  const socket = await stage.connect();
  const answer = ask(socket, "event");
  while (workers.calls.every(({ head }) => head.kind !== "event")) {
    await new Promise((done) => setImmediate(done));
  }
  await stage.edge.close();
  t.deepEqual(await answer, failure("no_answer"));
  t.is(stage.edge.stats().pending, 0);
});
