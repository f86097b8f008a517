import { BridgeError, IncompleteError } from "../errors.js";
import type { ReplyMessage, RequestMessage } from "../protocol/side-channel/messages.js";
import { debugLog } from "../util/debug.js";
import type { Roll } from "./peers.js";

const debug = debugLog("cluster");

/** A request without what `Cluster.request` adds: the sender and the number. */
export type PeerRequest = RequestMessage extends infer Message
  ? Message extends RequestMessage
    ? Omit<Message, "from" | "id">
    : never
  : never;

/** Characters of what another host says is wrong with it. */
const MAX_ERROR_LENGTH = 200;

interface PendingRequest {
  readonly items: unknown[];
  readonly timer: NodeJS.Timeout;
  /** The hosts that are to reply; undefined until it is published. */
  asked: Roll | undefined;
  /** How many of them have not replied in full. */
  missing: number;
  /** By host: the parts that it has sent, or `DONE`. */
  readonly parts: Map<string, number>;
  /** What the first host that could not send all of its reply says. */
  failure: string | undefined;
  readonly resolve: (items: readonly unknown[]) => void;
  readonly reject: (error: BridgeError) => void;
}

/** Instead of a number of parts: that host has replied in full, or left. */
const DONE = -1;

/** Requests that wait for the replies of other Node hosts. Each ends with the last reply, its timeout or `close()`. */
export class PeerRequests {
  readonly #limit: number;
  readonly #pending = new Map<number, PendingRequest>();
  #lastId = 0;
  #isClosed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param timeout - milliseconds
   * @param publish - gets the number of the request when there is room for it
   * @throws BridgeError rejects with `BRIDGE_BUSY`, IncompleteError with `BRIDGE_TIMEOUT` or `BRIDGE_CLOSED`
   */
  open(timeout: number, publish: (id: number) => void): Promise<readonly unknown[]> {
    if (this.#isClosed) {
      return Promise.reject(closed());
    }
    if (this.#pending.size >= this.#limit) {
      const message = `${this.#limit} requests wait for other hosts already`;
      return Promise.reject(new BridgeError("BRIDGE_BUSY", message));
    }
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#expire(id), timeout);
      this.#pending.set(id, {
        items: [],
        timer,
        asked: undefined,
        missing: 0,
        parts: new Map(),
        failure: undefined,
        resolve,
        reject,
      });
      publish(id);
    });
  }

  /** Call when it is published: these hosts are to reply. */
  expect(id: number, hosts: Roll): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) {
      debug("request %d waits for %d hosts", id, hosts.count);
      pending.asked = hosts;
      pending.missing = hosts.count;
      this.#resolveIfComplete(id, pending);
    }
  }

  isOpen(id: number): boolean {
    return this.#pending.has(id);
  }

  /** @param joined - `Peers.joined()` of the sender */
  addReply({ from, id, part, isLast, items, error }: ReplyMessage, joined: number | undefined): void {
    const pending = this.#pending.get(id);
    // After an outage a message may come twice.
    if (pending === undefined || !wasAsked(pending, joined) || (pending.parts.get(from) ?? 0) !== part) {
      return;
    }
    // Not as arguments of one call: there may be more than fit on the stack.
    for (const item of items) {
      pending.items.push(item);
    }
    if (error !== undefined) {
      const reason = error.slice(0, MAX_ERROR_LENGTH);
      pending.failure ??= `the host ${from} cannot send all of its reply: ${reason}`;
    }
    if (isLast || error !== undefined) {
      this.#hostIsDone(id, pending, from);
    } else {
      pending.parts.set(from, part + 1);
    }
  }

  /** That host sends no more replies. @param joined - `Peers.joined()` of it while it was there */
  peerLeft(hostId: string, joined: number): void {
    for (const [id, pending] of this.#pending) {
      if (wasAsked(pending, joined) && pending.parts.get(hostId) !== DONE) {
        this.#hostIsDone(id, pending, hostId);
      }
    }
  }

  fail(id: number, error: BridgeError): void {
    this.#take(id)?.reject(error);
  }

  close(): void {
    this.#isClosed = true;
    for (const id of [...this.#pending.keys()]) {
      this.fail(id, closed());
    }
  }

  #hostIsDone(id: number, pending: PendingRequest, host: string): void {
    pending.parts.set(host, DONE);
    pending.missing -= 1;
    this.#resolveIfComplete(id, pending);
  }

  /** A host that cannot reply costs its own reply: the others are waited for. */
  #resolveIfComplete(id: number, { missing, failure, items }: PendingRequest): void {
    if (missing > 0) {
      return;
    }
    if (failure === undefined) {
      this.#take(id)?.resolve(items);
    } else {
      this.fail(id, new IncompleteError("BRIDGE_INVALID_ARGUMENT", failure, items));
    }
  }

  #expire(id: number): void {
    const pending = this.#take(id);
    // As socket.io's own cluster adapters put it.
    const message =
      pending?.asked === undefined
        ? "timeout reached: no connection to the other hosts yet"
        : `timeout reached: missing ${pending.missing} responses`;
    debug("request %d: %s", id, message);
    pending?.reject(new IncompleteError("BRIDGE_TIMEOUT", message, pending.items));
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    clearTimeout(pending?.timer);
    this.#pending.delete(id);
    return pending;
  }
}

function wasAsked({ asked }: PendingRequest, joined: number | undefined): boolean {
  return asked !== undefined && joined !== undefined && joined <= asked.lastJoined;
}

function closed(): IncompleteError {
  return new IncompleteError("BRIDGE_CLOSED", "the adapter was closed before all hosts had replied", []);
}
