import type { ExecutionContext } from "ava";
import { testEnvironment } from "../../scripts/environment/environment.js";
import type { Python } from "../../src/testing/python.js";
import { type HostKind, type Peer, startPeer as startPeerWith } from "../../src/testing/python-peer.js";
import { encodings, type PythonEncoding } from "./encodings.js";
import { forkedPython } from "./forked-python.js";

export type { HostKind, Peer };

export interface PeerOptions {
  /** Another interpreter, with other releases of the libraries. */
  readonly python?: string | undefined;
  readonly encoding?: PythonEncoding;
}

/** The interpreter that `prepare.ts` has made, or another one. It is looked for when something starts in it. */
export const testPython = (interpreter?: string): Python => ({
  start: (script, args) => forkedPython(interpreter ?? testEnvironment().python).start(script, args),
});

const interpreterFor = (queue: string) => (queue.startsWith("zmq+") ? testEnvironment().pythonWithZmq : undefined);

/** A Python host of the fleet, or with `write-only` a manager without a server. */
export function startPeer(
  t: ExecutionContext,
  kind: HostKind | "write-only",
  queue: string,
  channel: string,
  { python = interpreterFor(queue), encoding = encodings.python }: PeerOptions = {},
): Promise<Peer> {
  const args = encoding === "plain" ? [] : ["--encoding", encoding];
  return startPeerWith(t, testPython(python), kind, { queue, channel, args });
}
