import type { Bus } from "../src/bus/bus.js";
import { openBus } from "../src/bus/open.js";
import { isNodeHostId } from "../src/protocol/model/host-id.js";
import type { Published } from "./report/report.js";

/** Most messages that are kept of one cell, and most characters of each. */
const MAX_MESSAGES = 40;
const MAX_TEXT = 2_000;

/** What a bus publishes to itself. */
const HEARTBEAT = /^\{"heartbeat":/;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** JSON as it is; anything else with `\xNN` for bytes that are not printable ASCII. */
function readable(payload: Uint8Array): string {
  try {
    const text = UTF8.decode(payload);
    if (/^\s*\{/.test(text)) {
      return text;
    }
  } catch {
    // Not text: a pickle, or MessagePack.
  }
  return [...payload.subarray(0, MAX_TEXT)]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");
}

/** Every encoding contains the 32 hex digits of the host id as they are. */
function senderOf(text: string): Published["by"] {
  const id = /host_id\W.{0,8}?([0-9a-f]{32})/s.exec(text)?.[1];
  if (id === undefined) {
    return "unknown";
  }
  return isNodeHostId(id) ? "node" : "python";
}

/** Records what is published on the channel, as a reader that belongs to no host. */
export class ChannelTap {
  readonly #bus: Bus;
  #messages: Published[] = [];
  #start = performance.now();

  /** Does not wait for the broker: see `ready`. */
  constructor(queue: string, channel: string) {
    this.#bus = openBus(queue, channel, {});
  }

  onStatus(listener: Parameters<Bus["onStatus"]>[0]): void {
    this.#bus.onStatus(listener);
  }

  /** Resolves when every message published from now on is recorded. */
  ready(channel: string): Promise<void> {
    return this.#bus.subscribe(channel, (payload) => this.#add(payload));
  }

  /** Drops the messages recorded so far, and counts time from now on. */
  restart(): void {
    this.#messages = [];
    this.#start = performance.now();
  }

  /** The first messages since `restart`. */
  messages(): readonly Published[] {
    return this.#messages;
  }

  close(): Promise<void> {
    return this.#bus.close();
  }

  #add(payload: Uint8Array): void {
    const text = readable(payload);
    if (HEARTBEAT.test(text) || this.#messages.length >= MAX_MESSAGES) {
      return;
    }
    this.#messages.push({
      at: Math.round(performance.now() - this.#start),
      by: senderOf(text),
      text: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
      bytes: payload.byteLength,
    });
  }
}
