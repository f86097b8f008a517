import type { OutgoingEmit } from "../../src/protocol/model/outgoing.js";

export const HOST = "0123456789abcdef0123456789abcdef";

/** To everyone, without arguments. */
export const EMIT: OutgoingEmit = {
  method: "emit",
  event: "e",
  args: [],
  namespace: "/",
  rooms: null,
  skipSids: [],
  exceptRooms: [],
  callback: null,
  hostId: HOST,
};
