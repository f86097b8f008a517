/**
 * What edges of one application tell each other, inside a `group` message of the side channel: JSON, sealed. Each edge
 * keeps two others, its successors, informed of its clients.
 */
export type FailoverMessage = ClientsMessage | ResyncMessage | TakenMessage | AskMessage | ReturnedMessage;

/** Clients of the sender that are new, changed or gone. To its successors; also without any, now and then. */
export interface ClientsMessage {
  readonly kind: "clients";
  /** The state that this adds to, as the number of a message: 0 for none. */
  readonly after: number;
  /** The state that it leads to; numbers grow. */
  readonly sequence: number;
  readonly changed: readonly ClientChange[];
  /** Their ids. */
  readonly gone: readonly number[];
  /** Whether there is more than one message takes: who knows this state does not know all clients. */
  readonly hasMore: boolean;
}

export interface ClientChange {
  /** The sender's number for the connection. */
  readonly id: number;
  readonly transport: string;
  /** Namespace and sid, for each namespace whose `connect` handler has run. */
  readonly sockets: readonly (readonly [namespace: string, sid: string])[];
  /** JSON: as Python has last returned them. */
  readonly sessions: string;
  /** JSON: `connection` and `request` of a call. Empty where they were sent before. */
  readonly origin: string;
}

/** Characters of a client, roughly. It chooses how many namespaces it enters, and some of their names. */
export const lengthOf = ({ sockets, sessions, origin }: Omit<ClientChange, "id">): number =>
  sockets.reduce((sum, [namespace, sid]) => sum + namespace.length + sid.length + SOCKET_OVERHEAD, 0) +
  sessions.length +
  origin.length;

/** Characters of JSON around a namespace and a sid. */
const SOCKET_OVERHEAD = 8;

/** The sender is a successor of the recipient, and has missed something. */
export interface ResyncMessage {
  readonly kind: "resync";
  /** The last state that it knows. */
  readonly after: number;
}

/** To the other successors of a host that is gone: the sender runs the `disconnect` handlers of these clients. */
export interface TakenMessage {
  readonly kind: "taken";
  readonly host: string;
  readonly ids: readonly number[];
  /** Of the other clients: the sender will tell, there are none, or they are left to the next successor. */
  readonly rest: "follows" | "none" | "yours";
}

/** To the first successor of a host that is gone: is it taken care of? */
export interface AskMessage {
  readonly kind: "ask";
  readonly host: string;
}

/** To a host that was given up and is there nevertheless: the `disconnect` handlers of these clients have run. */
export interface ReturnedMessage {
  readonly kind: "returned";
  readonly sids: readonly string[];
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isListOf = <Item>(value: unknown, isItem: (item: unknown) => item is Item): value is readonly Item[] =>
  Array.isArray(value) && value.every(isItem);

const isSocket = (value: unknown): value is readonly [string, string] => isListOf(value, isText) && value.length === 2;

function isChange(value: unknown): value is ClientChange {
  const { id, transport, sockets, sessions, origin } = (value ?? {}) as Record<string, unknown>;
  return isNumber(id) && isListOf(sockets, isSocket) && [transport, sessions, origin].every(isText);
}

type Fields = Readonly<Record<string, unknown>>;

const IS_VALID: Readonly<Record<FailoverMessage["kind"], (fields: Fields) => boolean>> = {
  clients: ({ after, sequence, changed, gone, hasMore }) =>
    isNumber(after) &&
    isNumber(sequence) &&
    isListOf(changed, isChange) &&
    isListOf(gone, isNumber) &&
    typeof hasMore === "boolean",
  resync: ({ after }) => isNumber(after),
  taken: ({ host, ids, rest }) =>
    isText(host) && isListOf(ids, isNumber) && ["follows", "none", "yours"].includes(rest as string),
  ask: ({ host }) => isText(host),
  returned: ({ sids }) => isListOf(sids, isText),
};

/** @returns undefined for what this release does not know */
export function readMessage(text: string): FailoverMessage | undefined {
  try {
    const fields = JSON.parse(text) as Fields;
    const { kind } = fields;
    const isKnown = isText(kind) && Object.hasOwn(IS_VALID, kind);
    return isKnown && IS_VALID[kind as FailoverMessage["kind"]](fields) ? (fields as never) : undefined;
  } catch {
    return undefined;
  }
}
