import { once } from "node:events";
import { type RawData, WebSocket } from "ws";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

/** A packet of Socket.IO as received, before any parser: the text of its frame, and the binary frames that follow. */
export interface RawPacket {
  readonly text: string;
  readonly attachments: readonly Buffer[];
}

/** A client of Engine.IO 4 in one namespace that records the packets it gets. */
export interface RawClient {
  /** All packets since the last call, up to but excluding the one whose text contains `text`. */
  upTo(text: string): Promise<readonly RawPacket[]>;
}

const PING = "2";
const PONG = "3";
const MESSAGE = "4";
const CONNECT = "0";

/** Assembles packets from frames; packets that are not events are left out. */
class Packets implements RawClient {
  #inbox = new Inbox<RawPacket>();
  #pending: { readonly text: string; readonly attachments: Buffer[]; readonly announced: number } | undefined;

  addText(text: string): void {
    if (text.startsWith(CONNECT)) {
      return;
    }
    const announced = Number(/^5(\d+)-/.exec(text)?.[1] ?? 0);
    this.#pending = { text, attachments: [], announced };
    this.#finish();
  }

  addBytes(bytes: Buffer): void {
    this.#pending?.attachments.push(bytes);
    this.#finish();
  }

  #finish(): void {
    if (this.#pending?.attachments.length === this.#pending?.announced && this.#pending !== undefined) {
      this.#inbox.add(this.#pending);
      this.#pending = undefined;
    }
  }

  async upTo(text: string): Promise<readonly RawPacket[]> {
    const inbox = this.#inbox;
    const last = await inbox.find(text, (packet) => packet.text.includes(text));
    this.#inbox = new Inbox();
    return inbox.items.slice(0, inbox.items.indexOf(last));
  }
}

const endpoint = (url: string, transport: string): string => `${url}/socket.io/?EIO=4&transport=${transport}`;

const connectPacket = (namespace: string): string => MESSAGE + CONNECT + (namespace === "/" ? "" : `${namespace},`);

/** Over WebSocket: one frame is one packet of Engine.IO. */
export async function connectRawWebSocket(scope: Scope, url: string, namespace: string): Promise<RawClient> {
  const socket = new WebSocket(endpoint(url, "websocket").replace(/^http/, "ws"));
  cleanUp(scope, () => socket.terminate());
  const packets = new Packets();
  const connected = new Promise<void>((resolve) => {
    socket.on("message", (data: RawData, isBinary: boolean) => {
      const frame = data as Buffer;
      if (isBinary) {
        packets.addBytes(frame);
        return;
      }
      const text = frame.toString();
      if (text === PING) {
        socket.send(PONG);
      } else if (text.startsWith(MESSAGE)) {
        packets.addText(text.slice(1));
        resolve();
      }
    });
  });
  await withTimeout(`a WebSocket to ${url}`, once(socket, "open"));
  socket.send(connectPacket(namespace));
  await withTimeout(`${namespace} at ${url}`, connected);
  return packets;
}

/** Between packets in the body of a poll. */
const SEPARATOR = "\x1e";
/** In the body of a poll, before bytes in base64. */
const BYTES = "b";

/** Over polling: each response has one packet or more. */
export async function connectRawPolling(scope: Scope, url: string, namespace: string): Promise<RawClient> {
  const packets = new Packets();
  const target = endpoint(url, "polling");
  const { sid } = JSON.parse((await (await fetch(target)).text()).slice(1));
  const session = `${target}&sid=${sid}`;
  const post = async (body: string) => void (await fetch(session, { method: "POST", body }));
  const receive = async (packet: string, connected: () => void) => {
    if (packet === PING) {
      await post(PONG);
    } else if (packet.startsWith(BYTES)) {
      packets.addBytes(Buffer.from(packet.slice(1), "base64"));
    } else if (packet.startsWith(MESSAGE)) {
      packets.addText(packet.slice(1));
      connected();
    }
  };
  // One signal for all polls would collect a listener for each of them.
  let poll = new AbortController();
  let isClosing = false;
  const listen = async (connected: () => void) => {
    while (!isClosing) {
      poll = new AbortController();
      const response = await fetch(session, { signal: poll.signal });
      for (const packet of (await response.text()).split(SEPARATOR)) {
        await receive(packet, connected);
      }
    }
  };
  await post(connectPacket(namespace));
  let listening: Promise<void> | undefined;
  const connected = new Promise<void>((resolve, reject) => {
    listening = listen(resolve);
    listening.catch(reject);
  });
  cleanUp(scope, async () => {
    isClosing = true;
    poll.abort();
    await listening?.catch(() => {});
  });
  await withTimeout(`${namespace} at ${url}`, connected);
  return packets;
}
