import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { ExecutionContext } from "ava";
import { type BrokerLimits, type EmbeddedBroker, startEmbeddedBroker } from "../../src/embedded/broker.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

export async function startBroker(
  t: ExecutionContext,
  limits: Partial<BrokerLimits> = {},
): Promise<EmbeddedBroker & { readonly port: number }> {
  const broker = await startEmbeddedBroker(limits);
  cleanUp(t, () => broker.close());
  return { ...broker, port: Number(new URL(broker.url).port) };
}

/** A request as clients send it: an array of bulk strings. Text is latin1, one character per byte. */
export function request(...args: readonly (string | Buffer)[]): Buffer {
  const bytes = args.map((arg) => (typeof arg === "string" ? Buffer.from(arg, "latin1") : arg));
  const parts = bytes.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from("\r\n")]);
  return Buffer.concat([Buffer.from(`*${bytes.length}\r\n`), ...parts]);
}

/** A TCP connection that knows nothing of the protocol. */
export class RawClient {
  readonly socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #wake = (): void => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.#received.push(chunk);
      this.#bytes += chunk.length;
      this.#wake();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes, "latin1");
  }

  request(...args: readonly (string | Buffer)[]): void {
    this.send(request(...args));
  }

  /** The next bytes as latin1, as many as `expected` has; fewer when the broker closes before. */
  async take(expected: string | number): Promise<string> {
    const count = typeof expected === "string" ? expected.length : expected;
    await this.#until(`${count} bytes`, () => this.#bytes >= count);
    const all = Buffer.concat(this.#received);
    this.#received = [all.subarray(count)];
    this.#bytes = Math.max(0, all.length - count);
    return all.toString("latin1", 0, count);
  }

  /** Everything up to and including `end`, or until the broker hangs up. */
  async takeUntil(end: string): Promise<string> {
    await this.#until(end, () => Buffer.concat(this.#received).toString("latin1").includes(end));
    const all = Buffer.concat(this.#received).toString("latin1");
    const at = all.indexOf(end);
    return this.take(at === -1 ? all.length : at + end.length);
  }

  /** Everything that is left when the broker hangs up. */
  async rest(): Promise<string> {
    await this.#until("the broker to hang up", () => false);
    return this.take(this.#bytes);
  }

  async #until(what: string, done: () => boolean): Promise<void> {
    const waiting = new Promise<void>((resolve) => {
      this.#wake = () => (this.#ended || done()) && resolve();
    });
    this.#wake();
    await withTimeout(what, waiting);
  }
}

export async function connectTo(t: ExecutionContext, port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1");
  cleanUp(t, () => socket.destroy());
  const client = new RawClient(socket);
  await once(socket, "connect");
  return client;
}

/** Sends one request and takes exactly as many bytes as expected, so that any other reply fails the test. */
export async function assertReply(
  t: ExecutionContext,
  client: RawClient,
  args: readonly (string | Buffer)[],
  expected: string,
): Promise<void> {
  client.request(...args);
  t.is(await client.take(expected), expected, args.join(" "));
}
