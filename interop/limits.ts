import type { PeerKind } from "./fleet/python-peer.js";

/** What a cell is about. */
export interface LimitQuery {
  /** Of python-socketio. */
  readonly release: string;
  readonly scenario: string;
  readonly kind: PeerKind;
}

/** Why that release cannot do it, in one sentence; `undefined` where it can. */
export function limitOf(_query: LimitQuery): string | undefined {
  return undefined;
}
