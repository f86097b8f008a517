import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { io as connect, type Socket } from "socket.io-client";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { type Gunicorn, startEdge, startGunicorn } from "../helpers/python-workers.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** What clients of an edge see while the application behind it is replaced, killed or stopped. */

const test = testWithBroker(launchRedis);

const WORKERS = 2;

/** Of a worker, each with one event at a time. */
const THREADS = 4;

/** The number with which a worker ends. */
const FATAL = -1;

interface Release {
  readonly name: string;
  readonly events: readonly string[];
  readonly namespaces: readonly string[];
}

const FIRST: Release = { name: "first", events: [], namespaces: [] };

interface Client {
  readonly socket: Socket;
  /** Numbers whose handler has run, in this order. */
  readonly handled: number[];
  readonly seen: Inbox<readonly unknown[]>;
  readonly disconnects: string[];
}

class Stage {
  readonly url: string;
  readonly channel = ownChannel();
  readonly #t: ExecutionContext;
  readonly #file: string;

  constructor(t: ExecutionContext, url: string) {
    this.#t = t;
    this.url = url;
    this.#file = join(temporaryDirectory(t), "release.json");
    this.release(FIRST);
  }

  release(release: Release): void {
    writeFileSync(this.#file, JSON.stringify(release));
  }

  startWorkers(port?: number): Promise<Gunicorn> {
    const env = { SOCKETIO_QUEUE: this.url, SOCKETIO_CHANNEL: this.channel, EDGE_RELEASE: this.#file };
    const app = 'socketio_bridge:serve("edge_release:app")';
    return startGunicorn(this.#t, {
      app,
      workers: WORKERS,
      threads: THREADS,
      env,
      ...(port === undefined ? {} : { port }),
    });
  }

  startEdge(backend: string) {
    return startEdge(this.#t, ["--queue", this.url, "--channel", this.channel, "--backend", backend]);
  }

  async client(url: string, namespace = "/"): Promise<Client> {
    const client = this.open(url, namespace);
    await new Promise<void>((done, fail) => client.socket.once("connect", done).once("connect_error", fail));
    return client;
  }

  open(url: string, namespace = "/"): Client {
    const socket = connect(new URL(namespace, url).href, { transports: ["websocket"], forceNew: true });
    this.#t.teardown(() => void socket.disconnect());
    const client: Client = { socket, handled: [], seen: new Inbox(), disconnects: [] };
    socket.on("handled", (value: number) => client.handled.push(value));
    socket.on("disconnect", (reason) => client.disconnects.push(reason));
    socket.onAny((event: string, ...args: unknown[]) => client.seen.add([event, ...args]));
    return client;
  }
}

const ask = (socket: Socket, event: string, ...args: unknown[]): Promise<unknown> =>
  socket.timeout(60_000).emitWithAck(event, ...args);

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

test.serial("workers that are replaced under traffic lose no event, repeat none, and disconnect nobody", async (t) => {
  const stage = new Stage(t, t.context.url);
  const workers = await stage.startWorkers();
  const { url } = await stage.startEdge(workers.url);
  const clients = await Promise.all(upTo(10).map(() => stage.client(url)));
  let isReplaced = false;
  const traffic = Promise.all(
    clients.map(async ({ socket }) => {
      let sent = 0;
      for (; !isReplaced; sent += 1) {
        t.is(await ask(socket, "number", sent), sent);
      }
      return sent;
    }),
  );
  for (const generation of [2, 3, 4]) {
    workers.child.kill("SIGHUP");
    await workers.booted(generation * WORKERS);
  }
  isReplaced = true;
  const sent = await traffic;
  for (const [index, { handled, disconnects }] of clients.entries()) {
    t.deepEqual(handled, upTo(sent[index] as number));
    t.deepEqual(disconnects, []);
  }
});

test.serial("while there are no workers, events and new clients wait for them, in order", async (t) => {
  const stage = new Stage(t, t.context.url);
  const workers = await stage.startWorkers();
  const { url } = await stage.startEdge(workers.url);
  const client = await stage.client(url);
  t.is(await ask(client.socket, "number", 0), 0);
  workers.child.kill("SIGTERM");
  await workers.exited();

  const answers = upTo(50).map((value) => ask(client.socket, "number", value + 1));
  const late = stage.open(url);
  const lateAnswer = ask(late.socket, "number", 7);
  await stage.startWorkers(workers.port);

  t.deepEqual(
    await Promise.all(answers),
    upTo(50).map((value) => value + 1),
  );
  t.is(await lateAnswer, 7);
  t.deepEqual(client.handled, upTo(51));
  t.deepEqual([...client.disconnects, ...late.disconnects], []);
});

test.serial(
  "an event whose worker is killed is not repeated: its acknowledgement says so, and the next one is served",
  async (t) => {
    const stage = new Stage(t, t.context.url);
    const { url } = await stage.startEdge((await stage.startWorkers()).url);
    const { socket, seen } = await stage.client(url);
    const answer = ask(socket, "die");
    const next = ask(socket, "worker");
    t.deepEqual(await answer, { socketioBridge: { error: "no_answer" } });
    const dying = seen.items.filter(([event]) => event === "dying");
    t.is(dying.length, 1);
    t.is(typeof (await next), "number");
    t.not(await next, dying[0]?.[1]);
  },
);

test.serial(
  "a worker that is killed among many events costs those that it was handling, and no other runs twice",
  async (t) => {
    const stage = new Stage(t, t.context.url);
    const { url } = await stage.startEdge((await stage.startWorkers()).url);
    const clients = await Promise.all(upTo(20).map(() => stage.client(url)));
    const answers = clients.map(({ socket }, index) =>
      Promise.all(upTo(25).map((value) => ask(socket, "number", index === 0 && value === 12 ? FATAL : value))),
    );
    const all = await Promise.all(answers);

    const lost = all.flat().filter((answer) => typeof answer !== "number");
    t.true(lost.length >= 1 && lost.length <= THREADS, JSON.stringify(lost));
    t.deepEqual(
      new Set(lost.map((answer) => JSON.stringify(answer))),
      new Set(['{"socketioBridge":{"error":"no_answer"}}']),
    );
    for (const [index, { handled, disconnects }] of clients.entries()) {
      const answered = all[index]?.filter((answer) => typeof answer === "number") as number[];
      // Each once, and in order: where the worker had begun with one that got no answer, that is among them.
      t.deepEqual(handled, [...new Set(handled)]);
      t.deepEqual(
        handled.filter((value) => answered.includes(value)),
        answered,
      );
      t.deepEqual(disconnects, []);
    }
  },
);

test.serial("a redeploy brings events and namespaces, and takes them away", async (t) => {
  const stage = new Stage(t, t.context.url);
  stage.release({ name: "first", events: ["old"], namespaces: ["/old"] });
  const workers = await stage.startWorkers();
  const { url } = await stage.startEdge(workers.url);
  const { socket } = await stage.client(url);
  t.is(await ask(socket, "old"), "first");
  t.is(await ask((await stage.client(url, "/old")).socket, "where"), "/old");
  await t.throwsAsync(stage.client(url, "/new"), { message: "Invalid namespace" });

  stage.release({ name: "second", events: ["new"], namespaces: ["/new"] });
  workers.child.kill("SIGHUP");
  await workers.booted(2 * WORKERS);
  // An answer of a new worker tells the edge to ask what there is now.
  let answer: unknown;
  do {
    await ask(socket, "number", 0);
    answer = await socket
      .timeout(200)
      .emitWithAck("new")
      .catch(() => undefined);
  } while (answer === undefined);
  t.is(answer, "second");
  t.is(await ask((await stage.client(url, "/new")).socket, "where"), "/new");
  await t.throwsAsync(stage.client(url, "/old"), { message: "Invalid namespace" });
});

test.serial("an edge that is stopped runs the disconnect handlers of its clients, once each", async (t) => {
  const stage = new Stage(t, t.context.url);
  const workers = await stage.startWorkers();
  const [stopped, other] = await Promise.all([stage.startEdge(workers.url), stage.startEdge(workers.url)]);
  const watcher = await stage.client(other.url);
  await ask(watcher.socket, "watch");
  const clients = await Promise.all(upTo(5).map(() => stage.client(stopped.url)));
  const sids = clients.map(({ socket }) => socket.id);
  const leaving = await stage.client(stopped.url);
  const left = leaving.socket.id;
  leaving.socket.disconnect();
  await watcher.seen.find("the client that leaves", ([, sid]) => sid === left);

  for (const { socket } of clients) {
    socket.io.reconnection(false);
  }
  stopped.child.kill("SIGTERM");
  t.is(await stopped.exited(), 0);
  for (const sid of sids) {
    await watcher.seen.find(`the end of ${sid}`, ([, gone]) => gone === sid);
  }
  t.deepEqual(
    watcher.seen.items.map(([event, sid]) => [event, sid]).sort(),
    [left, ...sids].map((sid) => ["gone", sid]).sort(),
  );
  t.deepEqual(watcher.seen.items[0], ["gone", left, "client disconnect"]);
});
