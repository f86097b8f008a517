import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { quote } from "../util/quote.js";
import { type Application, readApplication } from "./application.js";
import { BackendFailure } from "./backend-failure.js";
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
 * The body of a call follows only when a worker has read the head (`Expect: 100-continue`): a connection that ends before
 * that ended without the call, however much of it a kernel had taken.
 */
export class Backend {
  readonly name: string;
  readonly #options: BackendOptions;
  readonly #agent: HttpAgent;
  /** Whether the server asks for bodies: it will, however long it takes until a worker is free. */
  #asks = false;
  /** Connections that have had a call. */
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
    const { head } = await this.#send("GET", undefined, signal);
    return readApplication(head, this.name);
  }

  /** @throws BackendFailure rejects */
  call(body: Buffer, signal: AbortSignal): Promise<Body> {
    return this.#send("POST", body, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: "GET" | "POST", body: Buffer | undefined, signal: AbortSignal): Promise<Body> {
    const { url, secret } = this.#options;
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = send(url, {
      method,
      agent: this.#agent,
      signal,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined
          ? {}
          : { "content-type": BODY_TYPE, "content-length": body.byteLength, expect: "100-continue" }),
      },
    });
    let isSent = false;
    const sendBody = () => {
      clearTimeout(patience);
      // A worker may ask when patience was over already.
      if (!isSent) {
        isSent = true;
        outgoing.end(body);
      }
    };
    let patience: NodeJS.Timeout | undefined;
    let isReused = false;
    outgoing.once("socket", (socket) => {
      // `reusedSocket` is false where the request had to wait for the socket.
      isReused = this.#sockets.has(socket);
      this.#sockets.add(socket);
    });
    const isStale = () => isReused && !isSent && !signal.aborted;
    try {
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve).once("error", reject);
      });
      if (body === undefined) {
        outgoing.end();
      } else {
        const wait = () => {
          patience = setTimeout(() => this.#asks || sendBody(), CONTINUE_MS);
        };
        const onContinue = () => {
          this.#asks = true;
          sendBody();
        };
        outgoing.once("continue", onContinue).once("socket", (socket) => {
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
      const bytes = await this.#read(response);
      if (!isSent && body !== undefined) {
        outgoing.destroy();
      }
      return this.#decode(response, bytes, isSent);
    } catch (cause) {
      const isGone = (cause as NodeJS.ErrnoException).code === "ECONNREFUSED";
      if (body !== undefined && !isSent && (isGone || signal.aborted)) {
        // The next server at this address may be another one.
        this.#asks = false;
      }
      throw cause instanceof BackendFailure
        ? cause
        : new BackendFailure(`${this.name}: ${(cause as Error).message}`, {
            ...{ cause, mayHaveRun: isSent, isAway: !signal.aborted && !isStale(), isStale: isStale() },
          });
    } finally {
      clearTimeout(patience);
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

  #decode({ statusCode }: IncomingMessage, bytes: Buffer, isSent: boolean): Body {
    if (statusCode !== 200) {
      throw new BackendFailure(`${this.name} answers with status ${statusCode}${whyOf(bytes, statusCode)}`, {
        ...{ mayHaveRun: isSent, isAway: AWAY_STATUSES.has(statusCode) },
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
