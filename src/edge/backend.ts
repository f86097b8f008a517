import { Agent, request } from "node:http";
import { BridgeError } from "../errors.js";
import { type Body, decodeBody } from "./body.js";

export interface BackendOptions {
  /** Of the endpoint, `http://host:port/path`. */
  readonly url: URL;
  readonly secret: string;
  /** Calls that may be in flight; others wait. */
  readonly maxCalls: number;
}

/** Workers of Python behind one address. */
export class Backend {
  readonly #options: BackendOptions;
  readonly #agent: Agent;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.maxCalls, scheduling: "fifo" });
  }

  /** What the application is. */
  describe(signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    return this.#send("GET", undefined, signal);
  }

  call(body: Body, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>> {
    return this.#send("POST", body, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** @throws BridgeError rejects with `BRIDGE_BACKEND_FAILED` */
  async #send(
    method: "GET" | "POST",
    body: Body | undefined,
    signal: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { url, secret } = this.#options;
    const headers = {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { "content-type": body.type, "content-length": body.bytes.byteLength }),
    };
    const { status, type, bytes } = await new Promise<{ status: number; type: string | undefined; bytes: Buffer }>(
      (resolve, reject) => {
        const outgoing = request(url, { method, headers, agent: this.#agent, signal }, (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              type: response.headers["content-type"],
              bytes: Buffer.concat(chunks),
            }),
          );
        });
        outgoing.on("error", reject);
        outgoing.end(body?.bytes);
      },
    ).catch((cause: Error) => {
      throw new BridgeError("BRIDGE_BACKEND_FAILED", `${url.host}: ${cause.message}`, { cause });
    });
    if (status !== 200) {
      throw new BridgeError("BRIDGE_BACKEND_FAILED", `${url.host} answers with status ${status}`);
    }
    return decodeBody(type, bytes);
  }
}
