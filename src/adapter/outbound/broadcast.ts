import type { Adapter, BroadcastOptions } from "socket.io-adapter";
import type { EncodedEmit } from "../../protocol/model/outgoing.js";
import { EVENT, type Packet } from "../clients/event-packet.js";
import { broadcastHere } from "../clients/local-operations.js";
import { namespaceOf } from "../clients/namespace.js";
import { prepareText } from "../clients/prepared-event.js";
import { hasDefaultParser } from "../clients/private-fields.js";
import { hasRecipient } from "../clients/recipients.js";
import { sendPrepared } from "../clients/send-prepared.js";
import { isLocalClient, isLocalOnly, normalizeTarget, type Target } from "../clients/target.js";
import type { EmitRecorder } from "../recovery/emit-recorder.js";
import type { OutgoingEmits } from "./outgoing-emits.js";

/** `Adapter.broadcast`: an emit to clients of this host, and of all others. */
export class Broadcast {
  readonly #adapter: Adapter;
  readonly #emits: OutgoingEmits;
  /** Undefined where clients cannot resume. */
  readonly #recorder: EmitRecorder | undefined;

  constructor(adapter: Adapter, emits: OutgoingEmits, recorder: EmitRecorder | undefined) {
    this.#adapter = adapter;
    this.#emits = emits;
    this.#recorder = recorder;
  }

  /** Own clients first: they never wait for the broker. @throws BridgeError `BRIDGE_INVALID_ARGUMENT`; nobody got it then */
  send(packet: Packet, options: BroadcastOptions): void {
    const target = normalizeTarget(options);
    const recorder = isRecoverable(packet, options) ? this.#recorder : undefined;
    if (packet.type !== EVENT || this.#isPrivate(packet, target) || isLocalOnly(target)) {
      broadcastHere(this.#adapter, recorder?.recordLocal(packet, target) ?? packet, options);
      return;
    }
    const number = recorder?.nextEmit();
    // Encoded before anybody gets it: what the channel cannot carry is an error, and not an event for some.
    const encoded = this.#emits.encode(packet.data, target, options, number);
    this.#emits.notifyListeners(packet.data, target);
    if (this.#recorder !== undefined || !this.#sendEncoded(packet, target, options, encoded)) {
      const sent = number === undefined ? packet : recorder?.recordOwn(packet, target, encoded.payload, number);
      broadcastHere(this.#adapter, sent ?? packet, options);
    }
    this.#emits.publish(encoded.payload);
  }

  /**
   * A packet with an id is an acknowledged emit to one client of this host. With connection state recovery, socket.io
   * passes every `socket.emit()` to the adapter too. Neither concerns other hosts.
   */
  #isPrivate(packet: Packet, target: Target): boolean {
    return packet.id !== undefined || (this.#recorder !== undefined && isLocalClient(this.#adapter, target));
  }

  /** Gives own clients the text that goes over the channel. @returns `false` where they need another */
  #sendEncoded({ data }: Packet, target: Target, { flags }: BroadcastOptions, { argsJson }: EncodedEmit): boolean {
    const [event] = data;
    if (argsJson === undefined || typeof event !== "string" || !hasDefaultParser(this.#adapter)) {
      return false;
    }
    if (hasRecipient(this.#adapter, target.rooms)) {
      const { name } = namespaceOf(this.#adapter);
      sendPrepared(this.#adapter, prepareText(name, event, argsJson, data), target, flags ?? {});
    }
    return true;
  }
}

/** As with `SessionAwareAdapter` of socket.io-adapter: a volatile emit and an acknowledged one are not. */
function isRecoverable(packet: Packet, { flags }: BroadcastOptions): boolean {
  return packet.type === EVENT && packet.id === undefined && flags?.volatile !== true;
}
