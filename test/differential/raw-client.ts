import { once } from "node:events";
import { type RawData, WebSocket } from "ws";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";

/** A packet of Socket.IO as it came, before any parser: the text of its frame, and the binary frames that follow. */
export interface RawPacket {
  readonly text: string;
  readonly attachments: readonly Buffer[];
}

/** A client of Engine.IO 4 that is in one namespace, and writes down what it gets. */
export interface RawClient {
  /** All packets since the last time, up to the one whose text has this in it, and without that. */
  upTo(text: string): Promise<readonly RawPacket[]>;
}

const PING = "2";
const PONG = "3";
const MESSAGE = "4";
const CONNECT = "0";

/** Puts frames together; what is none of an event is left out. */
class Packets implements RawClient {
  #inbox = new Inbox<RawPacket>();
  #begun: { readonly text: string; readonly attachments: Buffer[]; readonly announced: number } | undefined;

  addText(text: string): void {
    if (text.startsWith(CONNECT)) {
      return;
    }
    const announced = Number(/^5(\d+)-/.exec(text)?.[1] ?? 0);
    this.#begun = { text, attachments: [], announced };
    this.#finish();
  }

  addBytes(bytes: Buffer): void {
    this.#begun?.attachments.push(bytes);
    this.#finish();
  }

  #finish(): void {
    if (this.#begun?.attachments.length === this.#begun?.announced && this.#begun !== undefined) {
      this.#inbox.add(this.#begun);
      this.#begun = undefined;
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

/** Over polling: each answer has one packet or more. */
export async function connectRawPolling(scope: Scope, url: string, namespace: string): Promise<RawClient> {
  const packets = new Packets();
  const target = endpoint(url, "polling");
  const { sid } = JSON.parse((await (await fetch(target)).text()).slice(1));
  const session = `${target}&sid=${sid}`;
  const post = async (body: string) => void (await fetch(session, { method: "POST", body }));
  const take = async (packet: string, connected: () => void) => {
    if (packet === PING) {
      await post(PONG);
    } else if (packet.startsWith(BYTES)) {
      packets.addBytes(Buffer.from(packet.slice(1), "base64"));
    } else if (packet.startsWith(MESSAGE)) {
      packets.addText(packet.slice(1));
      connected();
    }
  };
  // Not one signal for all polls, which would keep a listener for each.
  let poll = new AbortController();
  let isClosing = false;
  const listen = async (connected: () => void) => {
    while (!isClosing) {
      poll = new AbortController();
      const answer = await fetch(session, { signal: poll.signal });
      for (const packet of (await answer.text()).split(SEPARATOR)) {
        await take(packet, connected);
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
