import type { Rejection } from "../protocol/model/rejection.js";
import { undeliverable } from "../protocol/model/undeliverable.js";
import { decodeSideChannel } from "../protocol/side-channel/decode.js";
import type {
  ExportedSessionsMessage,
  PresenceMessage,
  RequestMessage,
  SideChannelMessage,
} from "../protocol/side-channel/messages.js";
import type { PeerGroups } from "./peer-groups.js";
import { PeerReply, type ReplyPart } from "./peer-reply.js";
import type { PeerRequests } from "./peer-requests.js";
import type { Peers } from "./peers.js";
import type { PendingAcks } from "./pending-acks.js";
import type { Presence } from "./presence.js";
import type { PythonHosts } from "./python-hosts.js";
import type { SendWindow } from "./send-window.js";
import type { SideChannel } from "./side-channel.js";

/** What a host does for its peers. What these throw rejects the message. */
export interface PeerMessageHandlers {
  /** Replies until the last part is sent, also to what it rejects. @returns resolves with why it rejects the request */
  onRequest(message: RequestMessage, reply: PeerReply): Promise<Rejection | undefined>;
  /** Another host closes, and leaves the sessions of its clients to this one. */
  onSessions(message: ExportedSessionsMessage): void;
  /** @param hostId - the sender, as far as the message could be read */
  onRejected(channel: string, rejection: Rejection, hostId: string | undefined): void;
}

/** What messages of the side channel are handed to. */
export interface PeerMessageReceivers {
  readonly hostId: string;
  readonly maxMessageSize: number;
  readonly sideChannel: SideChannel;
  /** For replies. */
  readonly window: SendWindow;
  readonly presence: Presence;
  readonly peers: Peers;
  readonly groups: PeerGroups;
  readonly pythonHosts: PythonHosts;
  readonly requests: PeerRequests;
  readonly acks: PendingAcks;
  /** Undefined for an emitter, which serves nobody. */
  readonly handlers: PeerMessageHandlers | undefined;
}

/** The inbound half of the side channel: bytes, decode, then by type to what keeps track of it. */
export class PeerMessageReceiver {
  readonly #to: PeerMessageReceivers;

  constructor(receivers: PeerMessageReceivers) {
    this.#to = receivers;
  }

  /** Untrusted input. Never throws, so one bad message cannot break the subscription. */
  onMessage(channel: string, payload: Uint8Array): void {
    const { handlers, maxMessageSize } = this.#to;
    let sender: string | undefined;
    const reject = (rejection: Rejection | undefined): void => {
      if (rejection !== undefined) {
        handlers?.onRejected(channel, rejection, sender);
      }
    };
    try {
      const decoded = decodeSideChannel(payload, maxMessageSize);
      if (decoded.kind === "rejected") {
        sender = decoded.hostId;
        reject(decoded.rejection);
      } else if (decoded.kind === "message") {
        sender = decoded.message.from;
        this.#dispatch(channel, decoded.message)?.then(reject, (error) => reject(undeliverable(error)));
      }
    } catch (error) {
      reject(undeliverable(error));
    }
  }

  /** @returns resolves with why it is rejected; undefined for what is done */
  #dispatch(channel: string, message: SideChannelMessage): Promise<Rejection | undefined> | undefined {
    const { hostId, sideChannel, peers, groups, handlers } = this.#to;
    // A process that writes only to another channel than this one's first reads this host without being read by it.
    const isPublishedTo = channel === sideChannel.names[0];
    if (message.from === hostId) {
      if (isPublishedTo && (message.type === "hello" || message.type === "heartbeat")) {
        this.#ownHeartbeatReturned();
      }
      return undefined;
    }
    if (isPublishedTo) {
      peers.markSeen(message.from);
    }
    switch (message.type) {
      case "hello":
      case "heartbeat":
        this.#onPresence(message, isPublishedTo);
        return undefined;
      case "bye":
        if (isPublishedTo) {
          peers.remove(message.from);
        }
        return undefined;
      case "fetch_sockets":
      case "all_rooms":
      case "server_side_emit":
      case "transfer_session":
        return handlers?.onRequest(message, this.#replyTo(message, channel));
      case "exported_sessions":
        handlers?.onSessions(message);
        return undefined;
      case "group":
        if (isPublishedTo) {
          groups.receive(message);
        }
        return undefined;
      default:
        if (message.to === hostId) {
          this.#onReply(message);
        }
        return undefined;
    }
  }

  #onReply(message: Extract<SideChannelMessage, { readonly to: string }>): void {
    const { peers, requests, acks } = this.#to;
    const joined = peers.joined(message.from);
    switch (message.type) {
      case "reply":
        requests.addReply(message, joined);
        break;
      case "ack_count":
        acks.expectFromPeer(message, joined);
        break;
      case "ack":
        acks.addPeerAck(message);
        break;
      default:
        message satisfies never;
    }
  }

  #onPresence(message: PresenceMessage, isPublishedTo: boolean): void {
    const { presence, peers, groups, pythonHosts } = this.#to;
    if (isPublishedTo) {
      peers.add(message);
      if (message.isHost) {
        groups.heard(message);
      }
    }
    if (message.pythonSeenAgo !== null) {
      pythonHosts.markSeen(message.pythonSeenAgo);
    }
    if (message.type === "hello") {
      presence.heartbeat();
    }
  }

  #ownHeartbeatReturned(): void {
    const { presence, peers, pythonHosts } = this.#to;
    if (presence.ownHeartbeatReturned()) {
      peers.ownHeartbeatReturned();
    }
    void pythonHosts.refresh();
  }

  #replyTo({ from: to, id }: RequestMessage, channel: string): PeerReply {
    const { hostId: from, sideChannel, window, maxMessageSize } = this.#to;
    const publish = (part: ReplyPart) => sideChannel.publish({ type: "reply", from, to, id, ...part }, channel);
    return new PeerReply({ publish, window, maxMessageSize });
  }
}
