import { BridgeError, IncompleteError } from "../errors.js";
import type { ReplyMessage, RequestMessage } from "../protocol/side-channel/messages.js";
import { debugLog } from "../util/debug.js";

const debug = debugLog("cluster");

/** A request without what `Cluster.request` adds: the sender and the number. */
export type PeerRequest = RequestMessage extends infer Message
  ? Message extends RequestMessage
    ? Omit<Message, "from" | "id">
    : never
  : never;

interface PendingRequest {
  readonly items: unknown[];
  readonly timer: NodeJS.Timeout;
  /** The hosts that have not replied in full, and how many parts each has sent; undefined until it is published. */
  missing: Map<string, number> | undefined;
  readonly resolve: (items: readonly unknown[]) => void;
  readonly reject: (error: BridgeError) => void;
}

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
      this.#pending.set(id, { items: [], timer, missing: undefined, resolve, reject });
      publish(id);
    });
  }

  /** Call when it is published: these hosts are to reply. */
  expect(id: number, hosts: readonly string[]): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) {
      debug("request %d waits for %d hosts", id, hosts.length);
      pending.missing = new Map(hosts.map((host) => [host, 0]));
      this.#resolveIfComplete(id, pending);
    }
  }

  isOpen(id: number): boolean {
    return this.#pending.has(id);
  }

  addReply({ from, id, part, isLast, items, error }: ReplyMessage): void {
    const pending = this.#pending.get(id);
    // After an outage a message may come twice.
    if (pending?.missing?.get(from) !== part) {
      return;
    }
    pending.items.push(...items);
    if (error !== undefined) {
      const message = `the host ${from} cannot send all of its reply: ${error}`;
      this.fail(id, new IncompleteError("BRIDGE_INVALID_ARGUMENT", message, pending.items));
    } else if (isLast) {
      pending.missing.delete(from);
      this.#resolveIfComplete(id, pending);
    } else {
      pending.missing.set(from, part + 1);
    }
  }

  /** That host sends no more replies. */
  peerLeft(hostId: string): void {
    for (const [id, pending] of this.#pending) {
      if (pending.missing?.delete(hostId)) {
        this.#resolveIfComplete(id, pending);
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

  #resolveIfComplete(id: number, pending: PendingRequest): void {
    if (pending.missing?.size === 0) {
      this.#take(id)?.resolve(pending.items);
    }
  }

  #expire(id: number): void {
    const pending = this.#take(id);
    // As socket.io's own cluster adapters put it.
    const message =
      pending?.missing === undefined
        ? "timeout reached: no connection to the other hosts yet"
        : `timeout reached: missing ${pending.missing.size} responses`;
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

function closed(): IncompleteError {
  return new IncompleteError("BRIDGE_CLOSED", "the adapter was closed before all hosts had replied", []);
}
