/** Other Node hosts are trusted with what they say, and not with its form: they may be of another release. */

/** What `RemoteSocket` of socket.io is made of. */
export interface SocketDescription {
  readonly id: string;
  readonly handshake: object;
  readonly rooms: Iterable<string>;
  readonly data: unknown;
}

function isDescription(item: unknown): item is SocketDescription {
  const { id, handshake, rooms } = (item ?? {}) as Partial<Record<keyof SocketDescription, unknown>>;
  return typeof id === "string" && typeof handshake === "object" && Array.isArray(rooms);
}

export function describedSockets(items: readonly unknown[]): readonly SocketDescription[] {
  return items
    .filter(isDescription)
    .map(({ id, handshake, rooms, data }) => ({ id, handshake, rooms: new Set(rooms), data }));
}

/** Each item is the list of arguments that a host gave to the acknowledgement; only one is expected. */
export function firstAnswers(items: readonly unknown[]): readonly unknown[] {
  return items.map((item) => (Array.isArray(item) ? item[0] : undefined));
}

type Acknowledge = (error: Error | null, responses: readonly unknown[]) => void;

/** `serverSideEmit()` gives the event, its arguments and, at the end, perhaps a function. */
export function withoutAcknowledgement(packet: readonly unknown[]): {
  readonly args: readonly unknown[];
  readonly acknowledge: Acknowledge | undefined;
} {
  const last = packet.at(-1);
  return typeof last === "function"
    ? { args: packet.slice(0, -1), acknowledge: last as Acknowledge }
    : { args: packet, acknowledge: undefined };
}
