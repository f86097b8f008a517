import type { ExecutionContext, TestFn } from "ava";
import { io as connect, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { ownChannel } from "../../../src/testing/node-host.js";
import { startEdge, startGunicorn, startUvicorn } from "../../helpers/python-workers.js";
import type { TestBroker } from "../../helpers/shared-broker.js";

const WORKERS = 3;

export interface Twins {
  readonly alone: Twin;
  readonly edge: Twin;
}

type StartTwins = (t: ExecutionContext, queue: string) => Promise<Twins>;

export interface FlaskApplication {
  /** `module:attribute`. */
  readonly app: string;
  /** An interpreter with other releases of the libraries. */
  readonly python?: string;
  /** What `serve` needs for these. */
  readonly flags?: readonly string[];
  /** Of its Python programs, beside the queue and the channel. */
  readonly env?: NodeJS.ProcessEnv;
  /** Behind the edge. @default 3 */
  readonly workers?: number;
  /** Of gunicorn, for both. */
  readonly args?: readonly string[];
}

const environmentOf = (queue: string, channel: string) => ({ SOCKETIO_QUEUE: queue, SOCKETIO_CHANNEL: channel });

async function startEdgeBefore(
  t: ExecutionContext,
  { SOCKETIO_QUEUE: queue, SOCKETIO_CHANNEL: channel }: ReturnType<typeof environmentOf>,
  backend: string,
  flags: readonly string[] = [],
): Promise<string> {
  const { url } = await startEdge(t, ["--queue", queue, "--channel", channel, "--backend", backend, ...flags]);
  return url;
}

/** The same application twice: served by Flask-SocketIO itself, and by workers behind an edge. */
export async function startFlaskTwins(
  t: ExecutionContext,
  queue: string,
  { app, python, flags, env, workers = WORKERS, args }: FlaskApplication,
): Promise<Twins> {
  const own = { ...env, ...environmentOf(queue, ownChannel()) };
  const behind = { ...env, ...environmentOf(queue, ownChannel()) };
  const [alone, backend] = await Promise.all([
    startGunicorn(t, { app, workers: 1, env: own, python, args }),
    startGunicorn(t, { app: `socketio_bridge:serve("${app}")`, workers, env: behind, python, args }),
  ]);
  const edge = await startEdgeBefore(t, behind, backend.url, flags);
  return {
    alone: { clients: alone.url, views: alone.url, env: own },
    edge: { clients: edge, views: backend.url, env: behind },
  };
}

const startAsgi: StartTwins = async (t, queue) => {
  const [own, behind] = [environmentOf(queue, ownChannel()), environmentOf(queue, ownChannel())];
  const [alone, backend] = await Promise.all([
    startUvicorn(t, { app: "edge_asgi_app:app", workers: 1, env: own }),
    startUvicorn(t, { app: "edge_asgi_worker:app", workers: WORKERS - 1, env: behind }),
  ]);
  const edge = await startEdgeBefore(t, behind, backend);
  return { alone: { clients: alone, views: alone, env: own }, edge: { clients: edge, views: backend, env: behind } };
};

export interface Twin {
  /** Where clients connect. */
  readonly clients: string;
  /** Where HTTP routes are served. */
  readonly views: string;
  /** Of its Python programs. */
  readonly env: NodeJS.ProcessEnv;
}

type Options = Partial<ManagerOptions & SocketOptions>;

/** Everything that one client sees, in order. */
export class Transcript {
  readonly entries: unknown[] = [];
  readonly #t: ExecutionContext;
  readonly #url: string;

  constructor(t: ExecutionContext, url: string) {
    this.#t = t;
    this.#url = url;
  }

  add(...entry: unknown[]): void {
    this.entries.push(entry);
  }

  open(namespace: string, options: Options): Socket {
    const socket = connect(new URL(namespace, this.#url).href, {
      query: { q: "é&1" },
      extraHeaders: { "X-Test": "a header", Cookie: "c=crumb; d=other" },
      ...options,
      forceNew: true,
      reconnection: false,
    });
    this.#t.teardown(() => void socket.disconnect());
    socket.onAny((event, ...args: unknown[]) =>
      this.add("event", event, ...args.filter((arg) => typeof arg !== "function")),
    );
    socket.on("connect", () => this.add("connected"));
    socket.on("connect_error", (error) => this.add("refused", error.message, (error as { data?: unknown }).data));
    socket.on("disconnect", (reason) => this.add("disconnected", reason));
    socket.on("asked", (question: number, answer: (value: number) => void) => answer(question * 2));
    return socket;
  }

  async call(socket: Socket, event: string, ...args: unknown[]): Promise<unknown[]> {
    const answer = await new Promise<unknown[]>((done, fail) => {
      socket.timeout(20_000).emit(event, ...args, (error: Error | null, ...values: unknown[]) => {
        if (error === null) {
          done(values);
        } else {
          fail(new Error(`${event} is not acknowledged, after ${JSON.stringify(this.entries)}`));
        }
      });
    });
    this.add("acknowledged", event, ...answer);
    return answer;
  }
}

export const settled = (socket: Socket) =>
  new Promise<void>((done) => socket.once("connect", done).once("connect_error", () => done()));

/** What is done with each of them. @returns what its clients saw */
export type Script = (t: ExecutionContext, twin: Twin, transports: string[]) => Promise<readonly unknown[]>;

/** Of `edge_app.py` and `edge_asgi_app.py`. */
export const script: Script = async (t, { clients, views }, transports) => {
  const transcript = new Transcript(t, clients);
  const cookies = (await fetch(`${views}/login?user=ann`)).headers.get("set-cookie")?.split(";")[0];
  const extraHeaders = { "X-Test": "a header", Cookie: `c=crumb; ${cookies}` };
  const socket = transcript.open("/", { transports, auth: { token: "right" }, extraHeaders });
  await settled(socket);
  await transcript.call(socket, "join", "a room");
  await transcript.call(socket, "join", "another");
  for (let count = 0; count < 2 * WORKERS; count += 1) {
    await transcript.call(socket, "count");
  }
  await transcript.call(socket, "nothing");
  await transcript.call(socket, "several", 1, "two", null);
  await transcript.call(socket, "several");
  for (const data of [null, [1], [], {}, "text", 1.5, true, Buffer.from([0, 255]), { deep: [Buffer.from("b")] }]) {
    await transcript.call(socket, "echo", data);
  }
  await transcript.call(socket, "lines", 20);
  await transcript.call(socket, "ask", 21);
  const answered = new Promise((done) => socket.once("answered", done));
  socket.emit("ask later", 4);
  await answered;
  await transcript.call(socket, "fail");
  await transcript.call(socket, "never heard of", { x: 1 });
  const sent = new Promise((done) => socket.once("message", done));
  socket.emit("message", "a message");
  await sent;
  const announced = new Promise((done) => socket.once("announced", done));
  await fetch(`${views}/announce?room=another`);
  await announced;
  await transcript.call(socket, "leave", "another");
  const gone = new Promise((done) => socket.once("disconnect", done));
  socket.emit("goodbye");
  await gone;

  for (const token of ["wrong", "false"]) {
    await settled(transcript.open("/", { transports, auth: { token } }));
  }
  const chat = transcript.open("/chat", { transports });
  await settled(chat);
  await transcript.call(chat, "say", "hello");
  return transcript.entries;
};

/** Both see the same, and not too little. */
export async function compareTwins(
  t: ExecutionContext,
  { alone, edge }: Twins,
  play: Script,
  transports: readonly string[],
  least: number,
): Promise<void> {
  const [one, other] = [await play(t, alone, [...transports]), await play(t, edge, [...transports])];
  t.deepEqual(other, one);
  t.true(one.length >= least, JSON.stringify(one));
}

export const LEAST_ENTRIES = 60;

const APPLICATIONS = {
  "Flask-SocketIO under gunicorn": (t, queue) => startFlaskTwins(t, queue, { app: "edge_app:app" }),
  "an AsyncServer under uvicorn": startAsgi,
} satisfies Record<string, StartTwins>;

/** One script of a client, whose transcript is the same whether or not an edge is in front of the application. */
export function testTwins(
  test: TestFn<TestBroker>,
  application: keyof typeof APPLICATIONS,
  transports: readonly ("polling" | "websocket")[],
): void {
  test.serial(`a client sees no edge in front of ${application}: ${transports.join(" and ")}`, async (t) => {
    const twins = await APPLICATIONS[application](t, t.context.url);
    await compareTwins(t, twins, script, transports, LEAST_ENTRIES);
  });
}
