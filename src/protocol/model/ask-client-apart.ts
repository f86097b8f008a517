import type { CallbackRef } from "./messages.js";
import type { OutgoingEmit, OutgoingMessage } from "./outgoing.js";

/** What an acknowledged emit is published with. */
export interface AckTicket {
  readonly callback: CallbackRef;
  /** Where the only room may be a client's sid or the name of a room, and the acknowledgements are to tell. */
  readonly askApart: ClientApart | undefined;
}

export interface ClientApart {
  readonly sid: string;
  /** A name that no other room has. */
  readonly room: string;
}

/**
 * An acknowledgement of a Python host names the room of the emit, and not the client. So if that room looks like a sid,
 * Python hosts are asked twice: the members of the room without the client that has the sid, and that client, which is
 * alone in another room meanwhile. Each client gets the event once, and the room that comes back tells which it was.
 *
 * Node hosts take the first emit for both; they report whether they have that client.
 *
 * @returns the messages in the order in which they are to be published
 */
export function askClientApart(emit: OutgoingEmit, { askApart, callback }: AckTicket): readonly OutgoingMessage[] {
  if (askApart === undefined) {
    return [emit];
  }
  const { sid, room } = askApart;
  const { namespace, hostId } = emit;
  const move = { sid, room, namespace, hostId, isForPython: true };
  return [
    { ...emit, skipSids: [...emit.skipSids, sid], node: { ...emit.node, unskipped: sid } },
    { method: "enter_room", ...move },
    { ...emit, rooms: [room], callback: { ...callback, room }, isForPython: true },
    { method: "leave_room", ...move },
  ];
}
