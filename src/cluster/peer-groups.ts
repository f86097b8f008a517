import { BridgeError } from "../errors.js";
import type { GroupMessage, PresenceMessage } from "../protocol/side-channel/messages.js";
import type { SideChannel } from "./side-channel.js";

/** Groups of one peer, and characters of their names. Whoever can publish to the channel could invent as many as they like. */
const MAX_GROUPS = 8;
const MAX_NAME_LENGTH = 64;

/** What happens in a group. None of these may throw. */
export interface PeerGroupListener {
  onJoined(hostId: string): void;
  /** @param hasSaidGoodbye - false for a host that has sent nothing for three heartbeats: it has died, or cannot be heard */
  onLeft(hostId: string, hasSaidGoodbye: boolean): void;
  /** @param to - for whom it is; every member gets it */
  onMessage(from: string, to: readonly string[], payload: Uint8Array): void;
  /** This host says goodbye. */
  onClosed(): void;
}

/** Hosts of the fleet that have joined the same group, as one of them sees it. */
export interface PeerGroup {
  /** Without this host. */
  readonly members: ReadonlySet<string>;
  /** @throws BridgeError rejects with `BRIDGE_INVALID_ARGUMENT`, and as `Bus.publish` */
  send(to: readonly string[], payload: Uint8Array): Promise<void>;
  leave(): void;
}

interface Joined {
  readonly members: Set<string>;
  readonly listener: PeerGroupListener;
}

/** The groups that this host has joined, and who else is in them: hosts say so with their heartbeats. */
export class PeerGroups {
  readonly #hostId: string;
  readonly #sideChannel: SideChannel;
  readonly #onChanged: () => void;
  readonly #joined = new Map<string, Joined>();
  /** Those of other hosts, whether or not this one has joined them. */
  readonly #ofPeers = new Map<string, readonly string[]>();

  /** @param onChanged - called when this host has joined a group, or left it: the others are to hear of it */
  constructor(hostId: string, sideChannel: SideChannel, onChanged: () => void) {
    this.#hostId = hostId;
    this.#sideChannel = sideChannel;
    this.#onChanged = onChanged;
  }

  get names(): readonly string[] {
    return [...this.#joined.keys()];
  }

  /** @throws BridgeError `BRIDGE_INVALID_OPTION` for a group that this host has joined already */
  join(group: string, listener: PeerGroupListener): PeerGroup {
    if (this.#joined.has(group)) {
      throw new BridgeError("BRIDGE_INVALID_OPTION", `this host has joined the group ${group} already`);
    }
    const peers = [...this.#ofPeers].filter(([, groups]) => groups.includes(group));
    const members = new Set(peers.map(([hostId]) => hostId));
    this.#joined.set(group, { members, listener });
    this.#onChanged();
    return {
      members,
      send: async (to, payload) => this.#sideChannel.publish({ type: "group", from: this.#hostId, group, to, payload }),
      leave: () => {
        if (this.#joined.delete(group)) {
          this.#onChanged();
        }
      },
    };
  }

  /** A host that serves clients is there. */
  heard({ from, groups = [] }: PresenceMessage): void {
    const known = this.#ofPeers.get(from) ?? [];
    const named = groups.filter(({ length }) => length <= MAX_NAME_LENGTH).slice(0, MAX_GROUPS);
    if (named.length > 0) {
      this.#ofPeers.set(from, named);
    } else {
      this.#ofPeers.delete(from);
    }
    for (const group of named) {
      const joined = this.#joined.get(group);
      if (joined !== undefined && !joined.members.has(from)) {
        joined.members.add(from);
        joined.listener.onJoined(from);
      }
    }
    this.#forget(
      from,
      known.filter((group) => !named.includes(group)),
      true,
    );
  }

  left(hostId: string, hasSaidGoodbye: boolean): void {
    const groups = this.#ofPeers.get(hostId) ?? [];
    this.#ofPeers.delete(hostId);
    this.#forget(hostId, groups, hasSaidGoodbye);
  }

  receive({ group, from, to, payload }: GroupMessage): void {
    this.#joined.get(group)?.listener.onMessage(from, to, payload);
  }

  close(): void {
    for (const { listener } of this.#joined.values()) {
      listener.onClosed();
    }
  }

  #forget(hostId: string, groups: readonly string[], hasSaidGoodbye: boolean): void {
    for (const group of groups) {
      const joined = this.#joined.get(group);
      if (joined?.members.delete(hostId)) {
        joined.listener.onLeft(hostId, hasSaidGoodbye);
      }
    }
  }
}
