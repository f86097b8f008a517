import type { PubSub, Subscriber } from "./pubsub.js";
import { error, type Protocol, type Reply } from "./reply.js";

/** One connection as the commands see it. */
export interface Client extends Subscriber {
  readonly id: number;
  /** `ip:port` of the client, and of the broker's end. */
  readonly address: string;
  readonly localAddress: string;
  /** Milliseconds of `performance.now()`. */
  readonly since: number;
  protocol: Protocol;
  authenticated: boolean;
  database: number;
  name: string;
  libraryName: string;
  libraryVersion: string;
  send(reply: Reply): void;
  /** Closes when everything sent so far is out; what the client asks after that is not answered. */
  hangUp(): void;
  /** Closes at once. */
  drop(): void;
}

/** The broker as the commands see it. */
export interface Broker {
  readonly pubsub: PubSub;
  readonly port: number;
  readonly since: number;
  readonly maxConnections: number;
  /** Those who are answered; not those who were told good-bye and are still reading. */
  readonly clients: Set<Client>;
  /** `undefined` when the broker asks for no password. */
  readonly checkPassword: ((password: Buffer) => boolean) | undefined;
}

export interface Call {
  readonly client: Client;
  readonly broker: Broker;
  /** Without the names of the command and subcommand. */
  readonly args: readonly Buffer[];
}

export interface Command {
  /** How many arguments it takes. */
  readonly arity: readonly [min: number, max: number];
  /** Works before the password was given. */
  readonly open?: true;
  /** Works in RESP2 while there are subscriptions. */
  readonly whileSubscribed?: true;
  readonly run: (call: Call) => void;
}

/** A command with subcommands, as CLIENT. */
export interface CommandGroup {
  readonly subcommands: ReadonlyMap<string, Command>;
  /** What the name alone does; Redis refuses it for most groups. */
  readonly alone?: Command;
}

/** The release whose replies and errors this broker gives. */
export const REDIS_VERSION = "7.2.0";

export const EMBEDDED_HINT = "(the embedded development broker knows pub/sub only; use a real Redis for the rest)";

/** Redis shows 128 bytes of what it did not understand, and a NUL ends it. */
export const SHOWN_BYTES = 128;

export function shown(arg: Buffer, max = SHOWN_BYTES): string {
  return arg.toString("latin1", 0, max).split("\0", 1)[0] ?? "";
}

export function wrongArity(name: string): Reply {
  return error(`ERR wrong number of arguments for '${name}' command`);
}

/** An integer as Redis reads it: no plus sign, no leading zeros, 64 bits. */
export function readInteger(arg: Buffer): bigint | undefined {
  const text = arg.toString("latin1", 0, 21);
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) {
    return undefined;
  }
  const value = BigInt(text);
  return value === BigInt.asIntN(64, value) ? value : undefined;
}
