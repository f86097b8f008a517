import { randomUUID } from "node:crypto";
import { atMost } from "../util/at-most.js";
import { quote } from "../util/quote.js";
import { BackendFailure } from "./backend-failure.js";
import type { Backends, CallOptions } from "./backends.js";
import { type Body, type EncodedArgs, encodeBody } from "./body.js";
import type { Marks } from "./marks.js";
import type { EdgeReporter } from "./reporter.js";

/** How long a reply waits, at most, for what its handler published, in milliseconds. */
const MARK_MS = 5_000;

/** What a call says of the client that it is about. */
export interface Caller {
  readonly sid: string;
  readonly namespace: string;
  readonly connection: string;
  readonly transport: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly rooms: readonly string[];
  readonly sessions: unknown;
}

/** Calls of handlers: to a backend, and back when what the handler has published is here. */
export class Calls {
  readonly #backends: Backends;
  readonly #marks: Marks;
  readonly #reporter: EdgeReporter;

  constructor(backends: Backends, marks: Marks, reporter: EdgeReporter) {
    this.#backends = backends;
    this.#marks = marks;
    this.#reporter = reporter;
  }

  /** @throws BridgeError rejects with `BRIDGE_BACKEND_FAILED` or `BRIDGE_CLOSED` */
  async call(
    caller: Caller,
    fields: Readonly<Record<string, unknown>>,
    args: EncodedArgs,
    options: CallOptions,
  ): Promise<Body> {
    const id = randomUUID();
    const mark = this.#marks.wait(id);
    try {
      const { kind, event } = fields;
      const reply = await this.#backends.call(encodeBody({ id, ...caller, ...fields }, args), options);
      const { id: answered = id } = reply.head;
      if (answered !== id) {
        const message = "the reply is that to another call: does a proxy before the workers mix up responses?";
        throw new BackendFailure(message, { mayHaveRun: true, isAway: false });
      }
      this.#reporter.answered(typeof event === "string" ? quote(event) : String(kind), reply.head.error);
      if (reply.head.marked === true) {
        await atMost(MARK_MS, mark.passed);
        this.#reporter.marked(mark.isThrough());
      }
      return reply;
    } finally {
      mark.forget();
    }
  }
}
