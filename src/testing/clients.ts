import { isDeepStrictEqual } from "node:util";
import { io as connect } from "socket.io-client";
import { Inbox } from "./inbox.js";
import type { Program } from "./program.js";
import { type Python, startPythonProgram } from "./python.js";
import { cleanUp, type Scope } from "./scope.js";
import { type AnySocket, connectV2 } from "./socket-io-client-v2.js";
import { fromTyped } from "./typed-json.js";
import { withTimeout } from "./with-timeout.js";

/** `js` is socket.io-client 4; `js-v2` is socket.io-client 2, for hosts that speak Engine.IO 3 (or both). */
export type ClientKind = "js" | "js-v2" | "python";
export type Transport = "websocket" | "polling";

/** A client of either language, on a host of either language. */
export interface TestClient {
  readonly sid: string;
  /** All events so far: name and arguments. */
  received(): readonly (readonly unknown[])[];
  /** Waits for an event; returns everything received up to it, without it. */
  until(event: string): Promise<readonly (readonly unknown[])[]>;
  /** Waits for exactly this event. */
  find(event: readonly unknown[]): Promise<void>;
  /** What it acknowledges events with from now on; without it, with nothing. `never` keeps it silent. */
  answerWith(...args: readonly unknown[]): Promise<void>;
  neverAnswer(): Promise<void>;
  /** Asks its host, which answers with an acknowledgement. */
  call(event: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Resolves when its host has ended the connection to the namespace. */
  disconnected(): Promise<void>;
}

export interface ClientOptions {
  readonly kind?: ClientKind;
  readonly transport?: Transport;
  readonly namespace?: string;
}

type Received = Inbox<readonly unknown[]>;

async function upTo(inbox: Received, event: string): Promise<readonly (readonly unknown[])[]> {
  const last = await inbox.find(event, ([name]) => name === event);
  return inbox.items.slice(0, inbox.items.indexOf(last));
}

class JsClient implements TestClient {
  readonly #socket: AnySocket;
  readonly #received: Received = new Inbox();
  #answer: readonly unknown[] | undefined = [];

  constructor(socket: AnySocket) {
    this.#socket = socket;
    socket.onAny((event, ...args) => {
      const acknowledge = args.at(-1);
      const asked = typeof acknowledge === "function";
      this.#received.add([event, ...(asked ? args.slice(0, -1) : args)]);
      if (asked && this.#answer !== undefined) {
        acknowledge(...this.#answer);
      }
    });
  }

  get sid(): string {
    return String(this.#socket.id);
  }

  received() {
    return this.#received.items;
  }

  until(event: string) {
    return upTo(this.#received, event);
  }

  async find(event: readonly unknown[]): Promise<void> {
    await this.#received.find(JSON.stringify(event), (received) => isDeepStrictEqual(received, event));
  }

  async answerWith(...args: readonly unknown[]): Promise<void> {
    this.#answer = args;
  }

  async neverAnswer(): Promise<void> {
    this.#answer = undefined;
  }

  call(event: string, ...args: readonly unknown[]): Promise<unknown> {
    return withTimeout(`the answer to ${event}`, this.#socket.emitWithAck(event, ...args));
  }

  async disconnected(): Promise<void> {
    if (this.#socket.connected) {
      const end = new Promise<void>((resolve) => this.#socket.once("disconnect", resolve));
      await withTimeout("the end of a connection", end);
    }
  }
}

class PythonClient implements TestClient {
  readonly sid: string;
  readonly #program: Program;

  constructor(program: Program, sid: string) {
    this.#program = program;
    this.sid = sid;
  }

  received() {
    return this.#program.lines.items
      .filter(({ event }) => event === "received")
      .map(({ name, args }) => [name, ...(fromTyped(args) as unknown[])]);
  }

  async until(event: string) {
    await this.#program.event("received", ({ name }) => name === event);
    const received = this.received();
    return received.slice(
      0,
      received.findIndex(([name]) => name === event),
    );
  }

  async find([event, ...args]: readonly unknown[]): Promise<void> {
    await this.#program.event(
      "received",
      (line) => line.name === event && isDeepStrictEqual(fromTyped(line.args), args),
    );
  }

  async answerWith(...args: readonly unknown[]): Promise<void> {
    await this.#program.request("answer", { data: args.length === 0 ? null : { $tuple: args } });
  }

  async neverAnswer(): Promise<void> {
    await this.#program.request("answer", { mode: "never" });
  }

  call(event: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#program.request("call", { event, data: { $tuple: args } });
  }

  async disconnected(): Promise<void> {
    await this.#program.event("disconnected");
  }
}

type ConnectOptions = Required<ClientOptions> & { readonly url: string };

async function connectJs(scope: Scope, { kind, url, transport, namespace }: ConnectOptions): Promise<TestClient> {
  const address = new URL(namespace, url).href;
  // Keeps cookies, as a browser does: a proxy may tell clients apart by them.
  const options = { transports: [transport], forceNew: true, reconnection: false, withCredentials: true };
  const socket: AnySocket = kind === "js-v2" ? await connectV2(address, options) : connect(address, options);
  cleanUp(scope, () => socket.disconnect());
  const client = new JsClient(socket);
  await withTimeout(
    `a connection to ${url}`,
    new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    }),
  );
  return client;
}

async function connectPython(scope: Scope, python: Python, { url, transport, namespace }: ConnectOptions) {
  const args = ["--url", url, "--transport", transport, "--namespace", namespace];
  const program = startPythonProgram(python, "client.py", args);
  cleanUp(scope, () => program.end());
  const { sid } = await program.ready();
  return new PythonClient(program, String(sid));
}

/** Connects, and disconnects when the scope ends. @param python - for the clients of kind `python` */
export async function connectClient(
  scope: Scope,
  python: Python,
  url: string,
  { kind = "js", transport = "websocket", namespace = "/" }: ClientOptions = {},
): Promise<TestClient> {
  const options = { kind, url, transport, namespace };
  return kind === "python" ? connectPython(scope, python, options) : connectJs(scope, options);
}

/** Each kind of client over each transport. */
export const EVERY_CLIENT: readonly ClientOptions[] = [
  { kind: "js", transport: "websocket" },
  { kind: "js", transport: "polling" },
  { kind: "python", transport: "websocket" },
  { kind: "python", transport: "polling" },
];
