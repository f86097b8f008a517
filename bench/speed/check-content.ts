import { isDeepStrictEqual } from "node:util";
import { io as connect } from "socket.io-client";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { EVENT, type Payload, payloadOf } from "./payload.js";

/** A lost message is sent again: the server may not hear its channel yet. */
const RESEND_MS = 50;

/**
 * Receives one message as an application does, with the client library of socket.io, before anything is measured.
 *
 * @param send - sends one message to the room
 * @throws Error when it is not the payload of that size
 */
export async function checkContent(port: number, room: string, bytes: number, send: () => void): Promise<void> {
  const options = { transports: ["websocket"], forceNew: true, reconnection: false };
  const socket = connect(`http://127.0.0.1:${port}`, options);
  try {
    const joined = new Promise((resolve) => socket.once("joined", resolve));
    const received = new Promise<Payload>((resolve) => socket.once(EVENT, resolve));
    socket.emit("join", [room]);
    await withTimeout("a client of socket.io in the room", joined);
    const timer = setInterval(send, RESEND_MS);
    const payload = await withTimeout("a message to a client of socket.io", received).finally(() =>
      clearInterval(timer),
    );
    const { n, t } = payload;
    if (!isDeepStrictEqual(payload, { ...payloadOf(bytes), n, t })) {
      throw new Error(`what arrives is not what was sent: ${JSON.stringify(payload).slice(0, 500)}`);
    }
  } finally {
    socket.disconnect();
  }
}
