import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { quote } from "../util/quote.js";
import { type Application, readApplication } from "./application.js";
import { BackendFailure } from "./backend-failure.js";
import { BATCH_TYPE, BatchReader, encodeBatch, PEER_PORT } from "./batch.js";
import { BODY_TYPE, type Body, decodeBody } from "./body.js";

export interface BackendOptions {
  /** Of the endpoint, `http://host:port/path` or `https`. */
  readonly url: URL;
  readonly secret: string;
  /** Connections; a call occupies one. */
  readonly maxCalls: number;
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

/** Of a proxy that has no worker, or of a server that is going down. */
const AWAY_STATUSES: ReadonlySet<number | undefined> = new Set([502, 503, 504]);

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
  readonly #agent: HttpAgent;
  /** Whether the server asks for bodies: it will, however long it takes until a worker is free, so they need not wait. */
  #asks = false;
  /** Connections that have had a request. */
  readonly #sockets = new WeakSet<Socket>();

  constructor(options: BackendOptions) {
    const { url, maxCalls, ca } = options;
    const pool = { keepAlive: true, maxSockets: maxCalls };
    this.name = url.host;
    this.#options = options;
    this.#agent =
      url.protocol === "https:"
        ? new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) })
        : new HttpAgent(pool);
  }

  /** @throws BackendFailure rejects */
  async describe(signal: AbortSignal): Promise<Application> {
    const { head } = await this.#send("GET", undefined, signal, (response) => this.#reply(response, false));
    return readApplication(head, this.name);
  }

  /** @throws BackendFailure rejects */
  call(body: Buffer, signal: AbortSignal): Promise<Body> {
    return this.#send("POST", { type: BODY_TYPE, body }, signal, (response, mayHaveRun) =>
      this.#reply(response, mayHaveRun),
    );
  }

  /**
   * Several calls in one request.
   *
   * @param onReply - called with the number of a call and its reply, or why there is none, as soon as that is there
   * @throws BackendFailure rejects for all that have got none
   */
  callAll(
    bodies: readonly Buffer[],
    onReply: (number: number, reply: Body | BackendFailure) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const batch = { type: BATCH_TYPE, body: encodeBatch(bodies) };
    return this.#send("POST", batch, signal, async (response, mayHaveRun) => {
      if (response.statusCode !== 200) {
        await this.#reply(response, mayHaveRun);
      }
      const reader = new BatchReader(this.name, this.#options.maxBytes);
      for await (const chunk of response as AsyncIterable<Buffer>) {
        for (const { number, status, bytes } of reader.push(chunk)) {
          onReply(number, this.#replyOrFailure(status, bytes));
        }
      }
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @param read - takes the response as it arrives */
  async #send<Result>(
    method: "GET" | "POST",
    sent: { readonly type: string; readonly body: Buffer } | undefined,
    signal: AbortSignal,
    read: (response: IncomingMessage, mayHaveRun: boolean) => Promise<Result>,
  ): Promise<Result> {
    const { url, secret } = this.#options;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const isEager = this.#asks && sent !== undefined;
    const outgoing = send(url, {
      method,
      agent: this.#agent,
      signal,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(sent === undefined
          ? {}
          : { "content-type": sent.type, "content-length": sent.body.byteLength, expect: "100-continue" }),
      },
    });
    let isSent = false;
    /** Whether the worker has said that it begins. */
    let isAsked = false;
    const sendBody = () => {
      clearTimeout(patience);
      // A worker may ask when patience was over already.
      if (!isSent) {
        isSent = true;
        outgoing.end(sent?.body);
      }
    };
    let patience: NodeJS.Timeout | undefined;
    let isReused = false;
    const mayHaveRun = () => (isEager ? isAsked || signal.aborted : isSent);
    const isStale = () => isReused && !mayHaveRun() && !signal.aborted;
    // The worker has ended the connection in order: all that it has written has come.
    let hasEnded = false;
    let isDirect = false;
    const onEnd = () => {
      hasEnded = isDirect;
    };
    outgoing.once("socket", (socket) => {
      // `reusedSocket` is false where the request had to wait for the socket.
      isReused = this.#sockets.has(socket);
      this.#sockets.add(socket);
      socket.once("end", onEnd);
    });
    try {
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve).once("error", reject);
        // Node ends one that is answered with 101 like this, without an error.
        outgoing.once("close", () => reject(new Error("the connection has ended without a response")));
      });
      const onContinue = () => {
        this.#asks = true;
        isAsked = true;
        sendBody();
      };
      outgoing.once("continue", onContinue);
      if (sent === undefined) {
        outgoing.end();
      } else if (isEager) {
        sendBody();
      } else {
        const wait = () => {
          patience = setTimeout(sendBody, CONTINUE_MS);
        };
        outgoing.once("socket", (socket) => {
          if (isReused) {
            wait();
          } else {
            // Not before there is a connection, over which a server could ask.
            socket.once(url.protocol === "https:" ? "secureConnect" : "connect", wait);
          }
        });
        outgoing.flushHeaders();
      }
      const response = await answered;
      clearTimeout(patience);
      isDirect = response.headers[PEER_PORT] === String(response.socket.localPort);
      const result = await read(response, mayHaveRun());
      if (!isSent && sent !== undefined) {
        outgoing.destroy();
      }
      // Whoever answers at this address now does not ask.
      this.#asks &&= !isEager || isAsked;
      return result;
    } catch (cause) {
      const isGone = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (sent !== undefined && !isAsked && (isGone || signal.aborted)) {
        // The next server at this address may be another one.
        this.#asks = false;
      }
      throw cause instanceof BackendFailure
        ? cause
        : new BackendFailure(`${this.name}: ${(cause as Error).message}`, {
            ...{ cause, mayHaveRun: mayHaveRun(), isAway: !signal.aborted && !isStale(), isStale: isStale(), hasEnded },
          });
    } finally {
      clearTimeout(patience);
      outgoing.socket?.off("end", onEnd);
    }
  }

  async #reply(response: IncomingMessage, mayHaveRun: boolean): Promise<Body> {
    const bytes = await this.#read(response);
    return this.#decode(response.statusCode, bytes, mayHaveRun);
  }

  #replyOrFailure(status: number, bytes: Buffer): Body | BackendFailure {
    try {
      return this.#decode(status, bytes, true);
    } catch (failure) {
      return failure as BackendFailure;
    }
  }

  async #read(response: IncomingMessage): Promise<Buffer> {
    const { maxBytes } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBytes) {
        response.destroy();
        throw new BackendFailure(`${this.name} answers with more than ${maxBytes} bytes`, {
          ...{ mayHaveRun: true, isAway: false },
        });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  #decode(statusCode: number | undefined, bytes: Buffer, mayHaveRun: boolean): Body {
    if (statusCode !== 200) {
      throw new BackendFailure(`${this.name} answers with status ${statusCode}${whyOf(bytes, statusCode)}`, {
        ...{ mayHaveRun, isAway: AWAY_STATUSES.has(statusCode) },
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
function whyOf(bytes: Buffer, status = 0): string {
  const advice = ADVICE[status];
  try {
    const { error } = decodeBody(bytes).head;
    return [typeof error === "string" ? ` (${quote(error)})` : "", advice && `: ${advice}`].join("");
  } catch {
    return advice === undefined ? "" : `: ${advice}`;
  }
}
