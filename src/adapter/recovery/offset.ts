import { createHash } from "node:crypto";

/**
 * How far a client has come, as the server says it with each event and as the client says it when it comes back: which
 * message of the channel its host had read last, and how many of that host's own emits it had been given. Those reach a
 * host's own clients before they pass the channel, so the one does not tell the other.
 */
export interface Offset {
  /** The name of a message of the channel: see `History`. */
  readonly message: string;
  /** The short name of the host that gave the offset. */
  readonly host: string;
  /** The number of that host's last own emit. */
  readonly emit: number;
}

/** Of url-safe base64, 6 bits each. */
const LENGTH = { message: 12, host: 8 } as const;

const OFFSET = new RegExp(`^([\\w-]{${LENGTH.message}})([\\w-]{${LENGTH.host}})([0-9a-z]{1,10})$`);

function digest(length: number, ...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(part);
  }
  return hash.digest("base64url").slice(0, length);
}

/** Of all messages since a mark, in their order: who has read others, or in another order, gets another name. */
export function messageName(previous: string, payload: Uint8Array): string {
  return digest(LENGTH.message, previous, payload);
}

/** A name that no other host comes to. */
export const unknownMessage = (): string => messageName(crypto.randomUUID(), new Uint8Array());

export const shortName = (hostId: string): string => digest(LENGTH.host, hostId);

export function formatOffset({ message, host, emit }: Offset): string {
  return `${message}${host}${emit.toString(36)}`;
}

/** @returns undefined for what no host of this kind has given: clients send what they like */
export function parseOffset(text: string): Offset | undefined {
  const [, message, host, emit] = OFFSET.exec(text) ?? [];
  return message === undefined || host === undefined || emit === undefined
    ? undefined
    : { message, host, emit: Number.parseInt(emit, 36) };
}
