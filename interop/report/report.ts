import type { Encoding } from "../../src/index.js";
import type { PeerKind } from "../../src/testing/python-peer.js";
import type { Direction } from "../scenarios/scenario.js";

/**
 * `cannot`: a known limit of that release of python-socketio; it was tried, and failed. `unavailable`: this kind of peer
 * lacks a package, or does not exist for the broker.
 */
export type Result = "pass" | "fail" | "cannot" | "unavailable";

/** A message on the channel, as seen by a reader of its own. */
export interface Published {
  /** Milliseconds since the start of the cell. */
  readonly at: number;
  /** Which kind of host published it, by its host id; `unknown` without one. */
  readonly by: "node" | "python" | "unknown";
  /** JSON as it is; anything else as text with escapes. May be truncated. */
  readonly text: string;
  /** Of the whole message. */
  readonly bytes: number;
}

/** What one client received, each event as JSON, with bytes as `{"$bytes": …}`. May be truncated. */
export interface Received {
  readonly client: string;
  readonly events: readonly string[];
}

/** What both sides published, received and logged while a cell ran that failed. */
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
  /** One or two sentences; absent for `pass`. */
  readonly reason?: string;
  readonly milliseconds: number;
  /** The scenario did not run: the peer did not start, was given up, or does not exist. */
  readonly notTried?: true;
  /** Only for `fail`. */
  readonly evidence?: Evidence;
}

/** A row of the matrix. */
export interface Row {
  readonly scenario: string;
  readonly title: string;
  readonly direction: Direction;
}

/** The result of a run, as plain JSON data. */
export interface Report {
  /** Whether everything works that this release can do, and anything was tried at all. */
  readonly ok: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly milliseconds: number;
  /** Without its password. */
  readonly queue: string;
  readonly channel: string;
  /** In which both sides wrote. */
  readonly encoding: Encoding;
  /** Of python-socketio. */
  readonly release: string;
  /** The call with which an application gets the same result; absent where `createAdapter(url)` is enough. */
  readonly triedWith?: string;
  /** Name and version of everything that takes part: first of the Node side, then of the Python side. */
  readonly versions: Readonly<Record<string, string>>;
  /** Anything else that a reader should know, such as a kind of client that did not take part. */
  readonly notes: readonly string[];
  /** The columns. */
  readonly kinds: readonly PeerKind[];
  readonly rows: readonly Row[];
  readonly cells: readonly Cell[];
}

/** Written in place of a report when a run could not start. */
export interface FailedStart {
  readonly ok: false;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Without its password. */
  readonly queue: string;
  /** What is wrong and what to do about it, in one line or several. */
  readonly error: string;
}
