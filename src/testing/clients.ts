import { isDeepStrictEqual } from "node:util";
import { io as connect } from "socket.io-client";
import { Inbox } from "./inbox.js";
import type { Program } from "./program.js";
import { type Python, startPythonProgram } from "./python.js";
import { cleanUp, type Scope } from "./scope.js";
import { type AnySocket, connectV2 } from "./socket-io-client-v2.js";
import { fromTyped } from "./typed-json.js";
import { withTimeout } from "./with-timeout.js";

/** `js` is socket.io-client 4; `js-v2` is socket.io-client 2, for hosts with Engine.IO 3. */
export type ClientKind = "js" | "js-v2" | "python";
export type Transport = "websocket" | "polling";

/** A client in either language, of a host in either language. */
export interface TestClient {
  readonly sid: string;
  /** All events so far: name and arguments. */
  received(): readonly (readonly unknown[])[];
  /** Waits for an event. Returns everything received before it. */
  until(event: string): Promise<readonly (readonly unknown[])[]>;
  /** Waits for an event with exactly this name and these arguments. */
  find(event: readonly unknown[]): Promise<void>;
  /** Sets what it acknowledges events with. @default nothing */
  acknowledgeWith(...args: readonly unknown[]): Promise<void>;
  neverAcknowledge(): Promise<void>;
  /** Emits to its host and waits for the acknowledgement. */
  call(event: string, ...args: readonly unknown[]): Promise<unknown>;
  /** Resolves when its host has disconnected it from the namespace. */
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
  /** What it acknowledges with; undefined to never acknowledge. */
  #acknowledgement: readonly unknown[] | undefined = [];

  constructor(socket: AnySocket) {
    this.#socket = socket;
    socket.onAny((event, ...args) => {
      const acknowledge = args.at(-1);
      const wantsAck = typeof acknowledge === "function";
      this.#received.add([event, ...(wantsAck ? args.slice(0, -1) : args)]);
      if (wantsAck && this.#acknowledgement !== undefined) {
        acknowledge(...this.#acknowledgement);
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

  async acknowledgeWith(...args: readonly unknown[]): Promise<void> {
    this.#acknowledgement = args;
  }

  async neverAcknowledge(): Promise<void> {
    this.#acknowledgement = undefined;
  }

  call(event: string, ...args: readonly unknown[]): Promise<unknown> {
    return withTimeout(`the acknowledgement of ${event}`, this.#socket.emitWithAck(event, ...args));
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

  async acknowledgeWith(...args: readonly unknown[]): Promise<void> {
    await this.#program.request("answer", { data: args.length === 0 ? null : { $tuple: args } });
  }

  async neverAcknowledge(): Promise<void> {
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
  // Keeps cookies, as a browser does, for proxies with sticky sessions.
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
