import type { Bus } from "../src/bus/bus.js";
import { openBus } from "../src/bus/open.js";
import { isNodeName } from "../src/protocol/model/host-id.js";
import type { Published } from "./report/report.js";

/** Most messages that are kept of one cell, and most characters of each. */
const MAX_MESSAGES = 40;
const MAX_TEXT = 2_000;

/** What a bus says to itself; it is nobody's message. */
const BEAT = /^\{"heartbeat":/;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** Text as it is, anything else with `\xNN` for what cannot be seen. */
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

/** Every encoding has the id's 32 hex digits as they are. */
function senderOf(text: string): Published["by"] {
  const id = /host_id\W.{0,8}?([0-9a-f]{32})/s.exec(text)?.[1];
  if (id === undefined) {
    return "unknown";
  }
  return isNodeName(id) ? "node" : "python";
}

/** A reader of the channel that belongs to no host. */
export class Tap {
  readonly #bus: Bus;
  #messages: Published[] = [];
  #begun = performance.now();
  #passedOver = 0;

  /** Nothing of the broker is known yet: see `ready`. */
  constructor(queue: string, channel: string) {
    this.#bus = openBus(queue, channel, {});
  }

  onStatus(listener: Parameters<Bus["onStatus"]>[0]): void {
    this.#bus.onStatus(listener);
  }

  /** Resolves when the broker is there and every message from now on is seen. */
  ready(channel: string): Promise<void> {
    return this.#bus.subscribe(channel, (payload) => this.#add(payload));
  }

  /** Forgets what was. */
  begin(): void {
    this.#messages = [];
    this.#passedOver = 0;
    this.#begun = performance.now();
  }

  /** The first messages since `begin`. */
  messages(): readonly Published[] {
    return this.#messages;
  }

  /** How many came after those. */
  passedOver(): number {
    return this.#passedOver;
  }

  close(): Promise<void> {
    return this.#bus.close();
  }

  #add(payload: Uint8Array): void {
    const text = readable(payload);
    if (BEAT.test(text)) {
      return;
    }
    if (this.#messages.length >= MAX_MESSAGES) {
      this.#passedOver += 1;
      return;
    }
    this.#messages.push({
      at: Math.round(performance.now() - this.#begun),
      by: senderOf(text),
      text: text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text,
      bytes: payload.byteLength,
    });
  }
}
