import { isDeepStrictEqual } from "node:util";
import { io as connect } from "socket.io-client";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { EVENT, type Payload, payloadOf } from "./payload.js";

/** The message is sent again until it arrives: the server may not be subscribed yet. */
const RESEND_INTERVAL_MS = 50;

/**
 * Receives one message as an application does, with socket.io-client, before anything is measured.
 *
 * @param send - sends one message to the room
 * @throws Error unless it is the payload of that size
 */
export async function checkContent(port: number, room: string, bytes: number, send: () => void): Promise<void> {
  const options = { transports: ["websocket"], forceNew: true, reconnection: false };
  const socket = connect(`http://127.0.0.1:${port}`, options);
  try {
    const joined = new Promise((resolve) => socket.once("joined", resolve));
    const received = new Promise<Payload>((resolve) => socket.once(EVENT, resolve));
    socket.emit("join", [room]);
    await withTimeout("socket.io-client to join the room", joined);
    const timer = setInterval(send, RESEND_INTERVAL_MS);
    const payload = await withTimeout("a message to socket.io-client", received).finally(() => clearInterval(timer));
    const { n, t } = payload;
    if (!isDeepStrictEqual(payload, { ...payloadOf(bytes), n, t })) {
      throw new Error(`received something else than was sent: ${JSON.stringify(payload).slice(0, 500)}`);
    }
  } finally {
    socket.disconnect();
  }
}
