import type { Redis } from "ioredis";
import { quote } from "../../util/quote.js";
import { ReplyScanner } from "./reply-scanner.js";
import { filterReplies } from "./sockets.js";

const EMPTY = Buffer.alloc(0);
/** CLIENT LIST has some 450 bytes for each of the 65,000 subscribers that the largest servers take. */
const MAX_REPLY = 32 * 1024 * 1024;
/** Those whose replies have the form of a push, in RESP2 as well. */
const SUBSCRIPTION_COMMANDS = /^[ps]?(?:un)?subscribe$/;
const SUBSCRIBES = /^[ps]?subscribe$/;
const MESSAGES = /^[ps]?message$/;
/** The types of the answers to INFO, without its null. */
const TEXT_TYPES = "$=+";
const NULL_TEXT = Buffer.from("$-1");
const UNASKED = "an answer to nothing that was asked";
const MALFORMED = "a malformed push";
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
  /** Where `#held` is, with room for more: a reply may come byte by byte. */
  #room: Buffer = EMPTY;
  #isTurnedAway = false;

  constructor(onReply: (reply: Buffer) => void, expected: () => Expected) {
    this.#onReply = onReply;
    this.#expected = expected;
  }

  /** @throws Error for a reply that is not passed on. Nothing more is to be pushed then */
  push(chunk: Buffer): void {
    const data = this.#held.length === 0 ? chunk : this.#append(chunk);
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
    if (start > 0) {
      // What was passed on may still be in use.
      this.#room = EMPTY;
    }
    if (this.#held.length + this.#replies.missing > MAX_REPLY) {
      throw new Error(`Redis sent a reply of more than ${MAX_REPLY} bytes`);
    }
  }

  #append(chunk: Buffer): Buffer {
    const { length } = this.#held;
    if (length + chunk.length > this.#room.length) {
      this.#room = Buffer.allocUnsafeSlow(2 * (length + chunk.length));
      this.#held.copy(this.#room);
    }
    chunk.copy(this.#room, length);
    return this.#room.subarray(0, length + chunk.length);
  }

  #passOn(reply: Buffer): void {
    const fault = this.#faultOf(reply, this.#expected());
    if (fault !== undefined) {
      throw new Error(`Redis sent ${fault}: ${quote(reply.toString("latin1", 0, 60))}`);
    }
    this.#onReply(reply);
  }

  /** @returns what is wrong with a reply, if ioredis cannot bear it */
  #faultOf(reply: Buffer, { awaited, isSubscriber }: Expected): string | undefined {
    const type = String.fromCharCode(reply[0] as number);
    const command = awaited?.toLowerCase();
    if (type === "-" || type === "!") {
      // Also to a client that is turned away before it has asked anything: once, and then Redis closes the connection.
      const isUnasked = command === undefined;
      const isRepeated = isUnasked && this.#isTurnedAway;
      this.#isTurnedAway ||= isUnasked;
      return isRepeated ? UNASKED : undefined;
    }
    if (type === ">" || (type === "*" && isSubscriber)) {
      const push = firstValues(reply);
      const fault = faultOfPush(push, command);
      const kind = String(push[0]);
      if (fault !== undefined || type === ">" || MESSAGES.test(kind) || SUBSCRIPTION_COMMANDS.test(kind)) {
        return fault;
      }
    }
    if (command === undefined) {
      return UNASKED;
    }
    return isAnswer(reply, type, command) ? undefined : `a malformed answer to ${command.toUpperCase()}`;
  }
}

/** ioredis takes any list for the answer to SUBSCRIBE, and reads the role of a server in the answer to INFO. */
function isAnswer(reply: Buffer, type: string, command: string): boolean {
  if (SUBSCRIPTION_COMMANDS.test(command)) {
    const push = type === "*" ? firstValues(reply) : [];
    return push[0] === command && faultOfPush(push, command) === undefined;
  }
  return command !== "info" || (TEXT_TYPES.includes(type) && !reply.subarray(0, NULL_TEXT.length).equals(NULL_TEXT));
}

/**
 * What is wrong with the types of the values, as far as ioredis or the bus reads them. Whatever is awaited, ioredis takes the
 * confirmation of a subscription for the answer.
 */
function faultOfPush(
  [kind, channel, third]: readonly (string | number | undefined)[],
  command: string | undefined,
): string | undefined {
  if (typeof kind !== "string") {
    return MALFORMED;
  }
  if (SUBSCRIBES.test(kind)) {
    const isWhole = typeof channel === "string" && typeof third === "number";
    return isWhole ? (kind === command ? undefined : UNASKED) : MALFORMED;
  }
  return !MESSAGES.test(kind) || (typeof channel === "string" && typeof third === "string") ? undefined : MALFORMED;
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
