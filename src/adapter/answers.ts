import type { AckTicket, CallbackMessage, EmitMessage } from "../protocol/messages.js";
import type { AnswerMessage, CountMessage } from "../protocol/node-messages.js";

/** Where the acknowledgements of one emit of another host go. */
export interface Answers {
  /** Of `performance.now()`: nobody waits for them from then on. */
  readonly deadline: number;
  /** How many clients of this host were asked; before any answer. Called again it does nothing. */
  count(clients: number): void;
  /** What a client said. */
  pass(args: readonly unknown[]): void;
}

/** What they are said with. */
export interface AnswersContext {
  /** This host. */
  readonly from: string;
  /** @throws BridgeError `INVALID_ARGUMENT` */
  publish(message: CallbackMessage): void;
  /** @throws BridgeError `INVALID_ARGUMENT`; rejects as `Bus.publish`, which is in the status too */
  publishNode(message: CountMessage | AnswerMessage): Promise<void>;
  warn(text: string): void;
}

/** The caller waits for its timeout then, as among Python hosts. */
function passOn({ warn }: AnswersContext, say: () => void): void {
  try {
    say();
  } catch (error) {
    warn(`a client's acknowledgement was not passed on: ${(error as Error).message}`);
  }
}

/** Each client that answers is one message, as from a Python host; nobody counts them, and Python keeps the first. */
function uncounted(ticket: AckTicket, hostId: string | undefined, context: AnswersContext): Answers {
  return {
    deadline: Number.POSITIVE_INFINITY,
    count: () => {},
    pass: (args) => passOn(context, () => context.publish({ method: "callback", ticket, args, hostId })),
  };
}

/** The other host waits for the count of each host, and then for so many answers. */
class CountedAnswers implements Answers {
  readonly deadline: number;
  readonly #address: { readonly from: string; readonly to: string; readonly id: number };
  readonly #context: AnswersContext;
  #isCounted = false;
  #passed = 0;

  constructor(to: string, id: number, timeout: number, context: AnswersContext) {
    this.deadline = performance.now() + timeout;
    this.#address = { from: context.from, to, id };
    this.#context = context;
  }

  count(clients: number): void {
    if (!this.#isCounted) {
      this.#isCounted = true;
      this.#publish({ type: "count", ...this.#address, clients });
    }
  }

  pass(args: readonly unknown[]): void {
    const number = this.#passed + 1;
    passOn(this.#context, () => {
      this.#publish({ type: "answer", ...this.#address, number, args });
      this.#passed = number;
    });
  }

  #publish(message: CountMessage | AnswerMessage): void {
    this.#context.publishNode(message).catch(() => {});
  }
}

/** @returns undefined where none were asked for */
export function answersTo({ callback, node, hostId }: EmitMessage, context: AnswersContext): Answers | undefined {
  if (callback === null) {
    return undefined;
  }
  return node?.answers === undefined || hostId === undefined
    ? uncounted(callback, hostId, context)
    : new CountedAnswers(hostId, callback.id, node.answers, context);
}
