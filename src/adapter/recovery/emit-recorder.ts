import { createEncoder, type Encode } from "../../protocol/encoders.js";
import type { EmitMessage } from "../../protocol/model/messages.js";
import { buildEmitExtension } from "../../protocol/model/node-extension.js";
import type { Packet } from "../clients/event-packet.js";
import { roomNames, type Target } from "../clients/target.js";
import type { History } from "./history.js";
import type { Audience } from "./past-emit.js";

/** Records the emits of one namespace in the history, and appends to each the offset that its recipients have then. */
export class EmitRecorder {
  readonly #history: History;
  readonly #namespace: string;
  readonly #hostId: string;
  readonly #encode: Encode;

  /** @param maxMessageSize - bytes */
  constructor(history: History, namespace: string, hostId: string, maxMessageSize: number) {
    this.#history = history;
    this.#namespace = namespace;
    this.#hostId = hostId;
    // For Node hosts alone, whatever the dialect: they know by the host's name which form it has.
    this.#encode = createEncoder({ encoding: "msgpack", dialect: "5.15", maxMessageSize });
  }

  /** @returns the number of the next emit of this host, for `recordOwn()` */
  nextEmit(): number {
    return this.#history.nextEmit();
  }

  /** An emit of this host that is to be published. @returns the packet for its own clients */
  recordOwn(packet: Packet, target: Target, payload: Uint8Array | string, number: number): Packet {
    const offset = this.#history.addOwn(this.#audienceOf(target), payload, number);
    return { ...packet, data: [...packet.data, offset] };
  }

  /** An emit of this host to its own clients alone. @returns the packet for them */
  recordLocal(packet: Packet, target: Target): Packet {
    const isForNobody = target.rooms.size > 0 && roomNames(target.rooms).length === 0;
    const payload = isForNobody ? undefined : this.#encodePrivate(packet);
    if (payload === undefined) {
      return packet;
    }
    const offset = this.#history.addPrivate(this.#audienceOf(target), payload);
    return { ...packet, data: [...packet.data, offset] };
  }

  /** An emit of another host. @returns the offset of its recipients */
  recordForeign(message: EmitMessage, audience: Omit<Audience, "namespace">, payload: Uint8Array): string {
    const { hostId, node } = message;
    const isNumbered = hostId !== undefined && node?.sequence !== undefined;
    const origin = isNumbered ? { hostId, emit: node.sequence } : undefined;
    return this.#history.addForeign({ namespace: this.#namespace, ...audience }, payload, origin);
  }

  /** @returns undefined for what is not encoded; clients get that once or not at all */
  #encodePrivate({ data: [event, ...args] }: Packet): Uint8Array | string | undefined {
    const everyone = { namespace: "/", rooms: null, skipSids: [], exceptRooms: [], callback: null };
    const node = buildEmitExtension(args, {});
    try {
      return this.#encode({ method: "emit", event: String(event), args, ...everyone, node, hostId: this.#hostId });
    } catch {
      return undefined;
    }
  }

  #audienceOf({ rooms, except }: Target): Audience {
    return {
      namespace: this.#namespace,
      rooms: new Set(roomNames(rooms)),
      skipSids: new Set(),
      except: new Set(roomNames(except)),
    };
  }
}
