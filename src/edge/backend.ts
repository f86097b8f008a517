import { quote } from "../util/quote.js";
import { type Application, readApplication } from "./application.js";
import { BackendFailure } from "./backend-failure.js";
import { BATCH_TYPE, BatchReader, encodeBatch, PEER_PORT } from "./batch.js";
import { BODY_TYPE, type Body, decodeBody } from "./body.js";
import { Connections } from "./http/connections.js";
import type { ResponseHead } from "./http/response-parser.js";

export interface BackendOptions {
  /** Of the endpoint, `http://host:port/path` or `https`. */
  readonly url: URL;
  readonly secret: string;
  /** Bytes of a response. */
  readonly maxBytes: number;
  /** Of the authority that has signed the backend's certificate, in PEM. @default those of Node */
  readonly ca?: string | undefined;
}

/**
 * How long a server may take to ask for a body if it has never asked for one, in milliseconds. One that does not know
 * `Expect` gets it then.
 */
const CONTINUE_MS = 5_000;

const LATE = "there was no response in time";

const OK = 200;
/** Of a proxy that has no worker, or of a server that is going down. */
const AWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

/** The body of a request. */
interface Sent {
  readonly type: string;
  readonly body: Buffer;
}

interface Received {
  readonly status: number;
  readonly bytes: Buffer;
  /** Whether a worker may have begun with what was sent. */
  readonly mayHaveRun: boolean;
}

/**
 * Workers of Python behind one address.
 *
 * A worker says that it has read the head of a call before it begins with it (`Expect: 100-continue`): a connection that
 * ends before that ended without the call, however much of it a kernel had taken. Of a server that is not known to say so,
 * the body waits for it.
 */
export class Backend {
  readonly name: string;
  readonly #options: BackendOptions;
  readonly #connections: Connections;
  /** The head of a request but for its type and length. */
  readonly #head: Readonly<Record<"GET" | "POST", string>>;
  /** Whether the server asks for bodies: it will, however long it takes until a worker is free, so they need not wait. */
  #asks = false;

  constructor(options: BackendOptions) {
    const { url, secret } = options;
    this.name = url.host;
    this.#options = options;
    this.#connections = new Connections(options);
    const headOf = (method: string, ...more: readonly string[]) =>
      [
        `${method} ${url.pathname}${url.search} HTTP/1.1`,
        `host: ${url.host}`,
        `authorization: Bearer ${secret}`,
        "connection: keep-alive",
        ...more,
        "",
      ].join("\r\n");
    this.#head = { GET: headOf("GET"), POST: headOf("POST", "expect: 100-continue") };
  }

  /** @throws BackendFailure rejects */
  async describe(signal: AbortSignal): Promise<Application> {
    const { head } = await this.#receive(undefined, signal);
    return readApplication(head, this.name);
  }

  /** @throws BackendFailure rejects */
  call(body: Buffer, signal: AbortSignal): Promise<Body> {
    return this.#receive({ type: BODY_TYPE, body }, signal);
  }

  /**
   * Several calls in one request.
   *
   * @param onReply - called with the number of a call and its reply, or why there is none, as soon as that is there
   * @throws BackendFailure rejects for all that have got none
   */
  async callAll(
    bodies: readonly Buffer[],
    onReply: (number: number, reply: Body | BackendFailure) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const reader = new BatchReader(this.name, this.#options.maxBytes);
    const { status, bytes, mayHaveRun } = await this.#send(
      { type: BATCH_TYPE, body: encodeBatch(bodies) },
      signal,
      (chunk) => {
        for (const { number, status, bytes } of reader.push(chunk)) {
          onReply(number, this.#replyOrFailure(status, bytes));
        }
      },
    );
    if (status !== OK) {
      this.#decode(status, bytes, mayHaveRun);
    }
  }

  close(): void {
    this.#connections.close();
  }

  /** One call and its reply, or a question and its answer. */
  async #receive(sent: Sent | undefined, signal: AbortSignal): Promise<Body> {
    const { status, bytes, mayHaveRun } = await this.#send(sent, signal);
    return this.#decode(status, bytes, mayHaveRun);
  }

  /** @param onData - takes the body of a response that is OK as it arrives. @default it is read to its end */
  async #send(sent: Sent | undefined, signal: AbortSignal, onData?: (chunk: Buffer) => void): Promise<Received> {
    if (signal.aborted) {
      throw new BackendFailure(`${this.name}: ${LATE}`, { mayHaveRun: false, isAway: false });
    }
    const isEager = this.#asks && sent !== undefined;
    const connection = this.#connections.take();
    const { isReused } = connection;
    let isSent = false;
    /** Whether the worker has said that it begins. */
    let isAsked = false;
    let isDirect = false;
    let patience: NodeJS.Timeout | undefined;
    const mayHaveRun = () => (isEager ? isAsked || signal.aborted : isSent);
    const isStale = () => isReused && !mayHaveRun() && !signal.aborted;
    const sendBody = () => {
      clearTimeout(patience);
      // A worker may ask when patience was over already.
      if (!isSent && sent !== undefined) {
        isSent = true;
        connection.write(sent.body);
      }
    };
    const chunks: Buffer[] = [];
    let [status, size] = [0, 0];
    const onAbort = () => connection.destroy(new Error(LATE));
    try {
      signal.addEventListener("abort", onAbort);
      isSent = isEager;
      await connection.send(this.#begin(sent, isEager), {
        onOpen: () => {
          // Not before there is a connection, over which a server could ask.
          if (sent !== undefined && !isEager) {
            patience = setTimeout(sendBody, CONTINUE_MS);
          }
        },
        onContinue: () => {
          this.#asks = true;
          isAsked = true;
          sendBody();
        },
        onHead: (head: ResponseHead) => {
          clearTimeout(patience);
          status = head.status;
          isDirect = head.headers.get(PEER_PORT) === String(connection.localPort);
        },
        onData: (chunk) => {
          if (status === OK && onData !== undefined) {
            onData(chunk);
            return;
          }
          size += chunk.byteLength;
          this.#assertNotLong(size);
          chunks.push(chunk);
        },
      });
      if (!isSent && sent !== undefined) {
        // It would take the next request for the body.
        connection.destroy();
      }
      // Whoever answers at this address now does not ask.
      this.#asks &&= !isEager || isAsked;
      return { status, bytes: Buffer.concat(chunks), mayHaveRun: mayHaveRun() };
    } catch (cause) {
      const isGone = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (sent !== undefined && !isAsked && (isGone || signal.aborted)) {
        // The next server at this address may be another one.
        this.#asks = false;
      }
      throw cause instanceof BackendFailure
        ? cause
        : new BackendFailure(`${this.name}: ${(cause as Error).message}`, {
            ...{ cause, mayHaveRun: mayHaveRun(), isAway: !signal.aborted && !isStale(), isStale: isStale() },
            hasEnded: isDirect && connection.hasEnded,
          });
    } finally {
      clearTimeout(patience);
      signal.removeEventListener("abort", onAbort);
      this.#connections.giveBack(connection);
    }
  }

  /** The head of a request, with its body where that need not wait. */
  #begin(sent: Sent | undefined, isEager: boolean): Buffer {
    if (sent === undefined) {
      return Buffer.from(`${this.#head.GET}\r\n`, "latin1");
    }
    const { type, body } = sent;
    const length = body.byteLength;
    const head = Buffer.from(`${this.#head.POST}content-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`, "latin1");
    return isEager ? Buffer.concat([head, body]) : head;
  }

  #assertNotLong(size: number): void {
    const { maxBytes } = this.#options;
    if (size > maxBytes) {
      throw new BackendFailure(`${this.name} answers with more than ${maxBytes} bytes`, {
        ...{ mayHaveRun: true, isAway: false },
      });
    }
  }

  #replyOrFailure(status: number, bytes: Buffer): Body | BackendFailure {
    try {
      return this.#decode(status, bytes, true);
    } catch (failure) {
      return failure as BackendFailure;
    }
  }

  #decode(status: number, bytes: Buffer, mayHaveRun: boolean): Body {
    if (status !== OK) {
      throw new BackendFailure(`${this.name} answers with status ${status}${whyOf(bytes, status)}`, {
        ...{ mayHaveRun, isAway: AWAY_STATUSES.has(status) },
      });
    }
    try {
      return decodeBody(bytes);
    } catch (cause) {
      throw new BackendFailure(`${this.name}: ${(cause as Error).message}`, { cause, mayHaveRun: true, isAway: false });
    }
  }
}

/** What to do about it, by the status. */
const ADVICE: Readonly<Record<number, string>> = {
  401: "give the edge and the workers the same SOCKETIO_BRIDGE_SECRET",
  404: "is socketio_bridge in front of the application, and the path right?",
};

/** The error in a response of the endpoint; something else may have answered, such as a proxy. */
function whyOf(bytes: Buffer, status: number): string {
  const advice = ADVICE[status];
  try {
    const { error } = decodeBody(bytes).head;
    return [typeof error === "string" ? ` (${quote(error)})` : "", advice && `: ${advice}`].join("");
  } catch {
    return advice === undefined ? "" : `: ${advice}`;
  }
}
