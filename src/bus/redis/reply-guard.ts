import type { Redis } from "ioredis";
import { quote } from "../../util/quote.js";
import { ReplyScanner } from "./reply-scanner.js";
import { filterReplies } from "./sockets.js";

const EMPTY = Buffer.alloc(0);
/** Far longer than INFO or CLUSTER SLOTS ever are. */
const MAX_REPLY = 4 * 1024 * 1024;
const SUBSCRIBES = /^[ps]?subscribe$/i;
const IS_MESSAGE = /^[ps]?message$/;
/** CR LF. */
const LINE_END = "\r\n";

/**
 * Keeps from ioredis the replies that it cannot bear: it calls methods of what a push or the reply to SUBSCRIBE should hold, of
 * a null as well, and throws what follows from there where nobody can catch it, so that it ends the process. A connection
 * over which such a reply comes is lost, as any other that breaks the protocol.
 *
 * Call it before the client connects.
 */
export function guardReplies(client: Redis): Redis {
  filterReplies(client, (parse) => {
    const guard = new ReplyGuard(parse, () => ({
      awaited: client.commandQueue?.peekFront()?.command.name,
      isSubscriber: Boolean(client.condition?.subscriber) && client.condition?.protocol !== 3,
    }));
    return (chunk) => guard.push(chunk);
  });
  return client;
}

/** What the next reply may be. */
export interface Expected {
  /** The command that is to be answered next. */
  readonly awaited: string | undefined;
  /** In the subscriber mode of RESP2, where pushes are lists like others. */
  readonly isSubscriber: boolean;
}

/** Splits what a server sends into replies, and refuses what ioredis cannot bear. */
export class ReplyGuard {
  readonly #onReply: (reply: Buffer) => void;
  readonly #expected: () => Expected;
  readonly #replies = new ReplyScanner();
  /** The beginning of a reply, until the rest of it arrives, and how much of it is scanned. */
  #held: Buffer = EMPTY;
  #scanned = 0;

  constructor(onReply: (reply: Buffer) => void, expected: () => Expected) {
    this.#onReply = onReply;
    this.#expected = expected;
  }

  /** @throws Error for a reply that is not passed on. Nothing more is to be pushed then */
  push(chunk: Buffer): void {
    const data = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    let start = 0;
    let position = this.#scanned;
    while (position < data.length) {
      const next = this.#replies.skip(data, position);
      if (this.#replies.isLost) {
        throw new Error("Redis sent what is not its protocol");
      }
      if (next === "need more bytes") {
        break;
      }
      position = next;
      if (this.#replies.isAtReply) {
        this.#passOn(data.subarray(start, position));
        start = position;
      }
    }
    this.#held = data.subarray(start);
    this.#scanned = position - start;
    if (this.#held.length > MAX_REPLY) {
      throw new Error(`Redis sent a reply of more than ${MAX_REPLY} bytes`);
    }
  }

  #passOn(reply: Buffer): void {
    if (!isBearable(reply, this.#expected())) {
      throw new Error(`Redis sent an answer to nothing that was asked: ${quote(reply.toString("latin1", 0, 60))}`);
    }
    this.#onReply(reply);
  }
}

function isBearable(reply: Buffer, { awaited, isSubscriber }: Expected): boolean {
  const type = String.fromCharCode(reply[0] as number);
  const isSubscription = awaited !== undefined && SUBSCRIBES.test(awaited);
  if (type === "-" || type === "!") {
    // Also to a client that is turned away before it has asked anything.
    return true;
  }
  if (type === ">" || (type === "*" && (isSubscriber || isSubscription))) {
    return isPush(firstValues(reply));
  }
  return awaited !== undefined && !isSubscription;
}

/** Whether each value has the type that Redis gives it, as far as ioredis or the bus reads them. */
function isPush([kind, channel, third]: readonly (string | number | undefined)[]): boolean {
  if (typeof kind !== "string") {
    return false;
  }
  if (SUBSCRIBES.test(kind)) {
    return typeof channel === "string" && typeof third === "number";
  }
  return !IS_MESSAGE.test(kind) || (typeof channel === "string" && typeof third === "string");
}

/** @returns the first three values of a list; undefined for a null, an aggregate or any other type, and then for all that follow */
function firstValues(list: Buffer): readonly (string | number | undefined)[] {
  const values: (string | number | undefined)[] = [];
  let position = list.indexOf(LINE_END) + LINE_END.length;
  while (values.length < 3 && position < list.length) {
    const end = list.indexOf(LINE_END, position);
    const type = list.toString("latin1", position, position + 1);
    const line = list.toString("latin1", position + 1, end);
    position = end + LINE_END.length;
    if (type === "$" && Number(line) >= 0) {
      const start = position;
      position += Number(line) + LINE_END.length;
      values.push(list.toString("latin1", start, position - LINE_END.length));
    } else if (type === "+") {
      values.push(line);
    } else if (type === ":") {
      values.push(Number(line));
    } else {
      break;
    }
  }
  return values;
}
