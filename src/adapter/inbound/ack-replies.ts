import type { CallbackMessage, CallbackRef, EmitMessage } from "../../protocol/model/messages.js";
import type { AckCountMessage, AckMessage } from "../../protocol/side-channel/messages.js";

/** Where the acknowledgements of one emit of another host go. */
export interface AckReplies {
  /** Of `performance.now()`: nobody waits for them from then on. */
  readonly deadline: number;
  /** How many clients of this host were asked; before any answer. Called again it does nothing. */
  sendCount(clients: number): void;
  /** What a client said. */
  sendAck(args: readonly unknown[]): void;
}

/** What they are said with. */
export interface AckReplyContext {
  /** This host. */
  readonly from: string;
  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT` */
  publish(message: CallbackMessage): void;
  /** @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; rejects as `Bus.publish`, which is in the status too */
  publishNode(message: AckCountMessage | AckMessage): Promise<void>;
  warn(text: string): void;
}

/** The caller waits for its timeout then, as among Python hosts. */
function passOn({ warn }: AckReplyContext, say: () => void): void {
  try {
    say();
  } catch (error) {
    warn(`a client's acknowledgement was not passed on: ${(error as Error).message}`);
  }
}

/** Each client that answers is one message, as from a Python host; nobody counts them, and Python keeps the first. */
function uncounted(callback: CallbackRef, hostId: string | undefined, context: AckReplyContext): AckReplies {
  return {
    deadline: Number.POSITIVE_INFINITY,
    sendCount: () => {},
    sendAck: (args) => passOn(context, () => context.publish({ method: "callback", callback, args, hostId })),
  };
}

/** The other host waits for the count of each host, and then for so many answers. */
class CountedAckReplies implements AckReplies {
  readonly deadline: number;
  readonly #address: { readonly from: string; readonly to: string; readonly id: number };
  readonly #context: AckReplyContext;
  #isCounted = false;
  #passed = 0;

  constructor(to: string, id: number, timeout: number, context: AckReplyContext) {
    this.deadline = performance.now() + timeout;
    this.#address = { from: context.from, to, id };
    this.#context = context;
  }

  sendCount(clients: number): void {
    if (!this.#isCounted) {
      this.#isCounted = true;
      this.#publish({ type: "ack_count", ...this.#address, clients });
    }
  }

  sendAck(args: readonly unknown[]): void {
    const number = this.#passed + 1;
    passOn(this.#context, () => {
      this.#publish({ type: "ack", ...this.#address, sequence: number, args });
      this.#passed = number;
    });
  }

  #publish(message: AckCountMessage | AckMessage): void {
    this.#context.publishNode(message).catch(() => {});
  }
}

/** @returns undefined where none were asked for */
export function ackRepliesFor(
  { callback, node, hostId }: EmitMessage,
  context: AckReplyContext,
): AckReplies | undefined {
  if (callback === null) {
    return undefined;
  }
  return node?.ackTimeout === undefined || hostId === undefined
    ? uncounted(callback, hostId, context)
    : new CountedAckReplies(hostId, callback.id, node.ackTimeout, context);
}
