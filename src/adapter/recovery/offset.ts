import { createHash } from "node:crypto";

/**
 * How far a client has come: the server appends it to each event, and a resuming client sends the last one it got. It
 * names the last message of the channel that its host had read, and counts that host's own emits that the client had
 * got. A host's own emits reach its own clients before they return over the channel, so neither implies the other.
 */
export interface Offset {
  /** The name of a message of the channel: see `MessageNames`. */
  readonly message: string;
  /** The short name of the host that issued the offset. */
  readonly host: string;
  /** The number of that host's last own emit. */
  readonly emit: number;
}

/** In characters of url-safe base64, 6 bits each. */
const LENGTH = { message: 12, host: 8 } as const;

const OFFSET = new RegExp(`^([\\w-]{${LENGTH.message}})([\\w-]{${LENGTH.host}})([0-9a-z]{1,10})$`);

function digest(length: number, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest("base64url").slice(0, length);
}

/**
 * Depends on all messages since a checkpoint, and on their order: a host that has read others, or in another order, gets
 * another name.
 */
export function messageName(previous: string, payload: Uint8Array): string {
  return digest(LENGTH.message, previous, payload);
}

/** A name that no other host comes to. */
export const unknownMessage = (): string => messageName(crypto.randomUUID(), new Uint8Array());

export const shortName = (hostId: string): string => digest(LENGTH.host, hostId);

export function formatOffset({ message, host, emit }: Offset): string {
  return `${message}${host}${emit.toString(36)}`;
}

/** Clients send what they like. @returns undefined for what no host of this package has issued */
export function parseOffset(text: string): Offset | undefined {
  const [, message, host, emit] = OFFSET.exec(text) ?? [];
  return message === undefined || host === undefined || emit === undefined
    ? undefined
    : { message, host, emit: Number.parseInt(emit, 36) };
}
