import { type DecodeOptions, decode } from "../../protocol/decode.js";
import { decodeEvent } from "../clients/event-packet.js";
import type { History } from "./history.js";
import { type Offset, parseOffset } from "./offset.js";
import type { DisconnectedClient, PastEmit, PrivateEmit } from "./past-emit.js";
import type { KeptSession } from "./sessions.js";

export interface MissedPacketsOptions {
  readonly history: History;
  readonly namespace: string;
  /** Milliseconds that may pass before a dead connection is noticed. */
  readonly detection: number;
  readonly maxMessageSize: number;
  readonly reading: DecodeOptions;
}

/** What disconnected clients of one namespace have missed, as packets: name, arguments and the offset. */
export class MissedPackets {
  readonly #options: MissedPacketsOptions;

  constructor(options: MissedPacketsOptions) {
    this.#options = options;
  }

  /** @returns undefined where it is unknown or no longer kept */
  of(kept: KeptSession, offset: Offset): unknown[][] | undefined {
    const { history } = this.#options;
    const missed = history.missed(this.#clientOf(kept), offset, this.#receivedUntil(kept));
    if (missed === undefined) {
      return undefined;
    }
    const packets = this.#merge(missed, kept.privates, offset).flatMap((emit) => this.#packetsOf(emit));
    // With the last one it has received everything.
    packets.at(-1)?.splice(-1, 1, history.offset);
    return packets;
  }

  /** @param end - of the history, at the time from which on */
  after(end: number, sid: string, rooms: readonly string[]): unknown[][] {
    const { history, namespace } = this.#options;
    return history.after(end, { namespace, sid, rooms }).flatMap((emit) => this.#packetsOf(emit));
  }

  /** What was emitted to the client alone. @param offset - how far it had come, if that is known */
  privatesOf(kept: KeptSession, offset?: Offset): readonly PrivateEmit[] {
    const { history } = this.#options;
    if (!kept.isOwn) {
      return kept.privates;
    }
    const received = offset?.host === history.host ? offset.emit : 0;
    return history.privates(this.#clientOf(kept), Math.max(kept.since, received), this.#receivedUntil(kept));
  }

  /** Puts what another host emitted to the client alone after everything that that host's clients had got before it. */
  #merge(missed: readonly PastEmit[], privates: readonly PrivateEmit[], known: Offset): readonly PrivateEmit[] {
    const { history } = this.#options;
    const merged: PrivateEmit[][] = [];
    let next = 0;
    for (const own of privates) {
      const offset = parseOffset(own.offset);
      if (offset === undefined || (offset.host === known.host && offset.emit <= known.emit)) {
        continue;
      }
      const end = missed.findLastIndex((emit) => !history.isAfter(emit, offset)) + 1;
      merged.push(missed.slice(next, end), [own]);
      next = Math.max(next, end);
    }
    return [...merged.flat(), ...missed.slice(next)];
  }

  /** @returns none for what cannot be delivered, which nobody got */
  #packetsOf({ payload, offset }: PrivateEmit): unknown[][] {
    const { maxMessageSize, reading } = this.#options;
    const decoded = decode(typeof payload === "string" ? Buffer.from(payload) : payload, maxMessageSize, reading);
    if (decoded.kind !== "message" || decoded.message.method !== "emit") {
      return [];
    }
    const data = decodeEvent(decoded.message);
    return "rejection" in data ? [] : [[...data, offset]];
  }

  #clientOf({ session: { sid, rooms } }: KeptSession): DisconnectedClient {
    return { namespace: this.#options.namespace, sid, rooms };
  }

  /** A pong proves that everything before its ping was received. */
  #receivedUntil({ leftAt }: KeptSession): number {
    return leftAt - this.#options.detection;
  }
}
