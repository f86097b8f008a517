import type { PeerKind } from "../../src/testing/python-peer.js";
import type { Direction } from "../scenarios/scenario.js";

/**
 * `pass`; `fail`; `cannot`: that release of python-socketio has no way to do it, and failed at it; `unavailable`: what
 * this kind of peer needs is not there.
 */
export type Result = "pass" | "fail" | "cannot" | "unavailable";

/** A message of the channel, as a reader of its own saw it. */
export interface Published {
  /** Milliseconds since the cell began. */
  readonly at: number;
  /** `node` or `python`, as the host id says; `unknown` without one. */
  readonly by: "node" | "python" | "unknown";
  /** JSON as it was; anything else as text with escapes. May be cut. */
  readonly text: string;
  /** Of the whole message. */
  readonly bytes: number;
}

/** What one client of the fleet received meanwhile, each event as JSON; bytes as `{"$bytes": …}`. May be cut. */
export interface Received {
  readonly client: string;
  readonly events: readonly string[];
}

/** What both sides said while a cell ran that failed. */
export interface Evidence {
  readonly published: readonly Published[];
  readonly received: readonly Received[];
  readonly log: readonly string[];
}

/** One scenario with one kind of Python peer. */
export interface Cell {
  readonly scenario: string;
  readonly kind: PeerKind;
  readonly direction: Direction;
  readonly result: Result;
  /** Of every result but `pass`: one sentence or two. */
  readonly reason?: string;
  readonly milliseconds: number;
  /** The scenario did not run: the peer did not start, was given up, or there is none. */
  readonly notTried?: true;
  /** Of `fail` alone. */
  readonly evidence?: Evidence;
}

/** A row of the matrix. */
export interface Row {
  readonly scenario: string;
  readonly title: string;
  readonly direction: Direction;
}

/** Plain data: `JSON.stringify` loses nothing of it. */
export interface Report {
  /** Whether all works that this release can do, and anything was tried at all. */
  readonly ok: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly milliseconds: number;
  /** Without its password. */
  readonly queue: string;
  readonly channel: string;
  /** Of python-socketio. */
  readonly release: string;
  /** The call by which an application gets the same; absent where `createAdapter(url)` does. */
  readonly triedWith?: string;
  /** Name and version of everything that takes part: of Node's side, then of Python's. */
  readonly versions: Readonly<Record<string, string>>;
  /** What a reader should know besides: which sort of client did not take part, say. */
  readonly notes: readonly string[];
  /** The columns. */
  readonly kinds: readonly PeerKind[];
  readonly rows: readonly Row[];
  readonly cells: readonly Cell[];
}

/** What is written in place of a report when there was nothing to report of. */
export interface FailedStart {
  readonly ok: false;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Without its password. */
  readonly queue: string;
  /** What is wrong, and what to do about it; it may have several lines. */
  readonly error: string;
}
