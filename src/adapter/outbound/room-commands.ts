import type { Adapter, Room } from "socket.io-adapter";
import type { WireRoom } from "../../protocol/model/messages.js";
import * as commands from "../../protocol/model/room-commands.js";
import type { LooksLikeSid } from "../../protocol/model/sid.js";
import { isLocalOnly, isSid, roomNames, type Target } from "./target.js";

export type Command = commands.RoomCommand;

interface Speaker {
  readonly adapter: Adapter;
  readonly hostId: string;
  readonly toPythonRoom: (room: string) => WireRoom;
  readonly looksLikeSid: LooksLikeSid;
}

const NOTHING: Command = { messages: [], isForNodeOnly: false };

/** What other hosts are told: nothing where the operation is for this host alone. */
function command(
  { adapter, hostId, toPythonRoom, looksLikeSid }: Speaker,
  target: Target,
  build: (target: commands.RoomCommandTarget) => Command,
): Command {
  if (isLocalOnly(target)) {
    return NOTHING;
  }
  return build({
    namespace: adapter.nsp.name,
    hostId,
    rooms: roomNames(target.rooms),
    except: roomNames(target.except),
    isSid: (name) => isSid(adapter, name, looksLikeSid),
    isLocalClient: (sid) => adapter.nsp.sockets.has(sid),
    toPythonRoom: (room) => toPythonRoom(room as string),
  });
}

export function joinCommand(speaker: Speaker, target: Target, rooms: readonly Room[]): Command {
  return command(speaker, target, (whom) => commands.joinCommand(whom, roomNames(rooms)));
}

export function leaveCommand(speaker: Speaker, target: Target, rooms: readonly Room[]): Command {
  return command(speaker, target, (whom) => commands.leaveCommand(whom, roomNames(rooms)));
}

/** @param close - whether the connection ends as well, which may serve other namespaces; Python hosts leave it open */
export function disconnectCommand(speaker: Speaker, target: Target, close: boolean): Command {
  return command(speaker, target, (whom) => commands.disconnectCommand(whom, close));
}
