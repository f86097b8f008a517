import type { Handlers } from "./application.js";

/** What a Socket.IO server has for the clients of a namespace. */
export interface ServerHandlers {
  /** Whether a client could enter: the handlers belong to its socket. */
  readonly isSeen: boolean;
  /** Whether there is a `connection` listener. */
  readonly connect: boolean;
  readonly events: ReadonlySet<string>;
  /** Whether there is a `disconnect` or `disconnecting` listener. */
  readonly disconnect: boolean;
}

/** Of an event that both have, TypeScript runs; of `connect` and `disconnect`, both do. */
export type ServedBy = "TypeScript" | "Python" | "both" | "nobody";

/** Who serves a namespace behind an edge. */
export interface ServedNamespace {
  /** `*` stands for all namespaces that are not listed. */
  readonly namespace: string;
  /** Whether the handlers of TypeScript are known. If not, `events` has those of Python. */
  readonly isSeen: boolean;
  readonly connect: ServedBy;
  /** Those that have a handler by name, in the order of their names. */
  readonly events: readonly { readonly event: string; readonly servedBy: ServedBy }[];
  /** All others: `Python` where it has a catch-all handler. */
  readonly otherEvents: ServedBy;
  readonly disconnect: ServedBy;
}

function servedBy(isTypeScript: boolean, isPython: boolean): ServedBy {
  if (isTypeScript) {
    return isPython ? "both" : "TypeScript";
  }
  return isPython ? "Python" : "nobody";
}

const byName = (one: string, other: string): number => (one < other ? -1 : 1);

/** Compares what both have, namespace by namespace, in the order of their names. */
export function compareHandlers(
  server: ReadonlyMap<string, ServerHandlers>,
  python: ReadonlyMap<string, Handlers>,
): readonly ServedNamespace[] {
  const namespaces = [...new Set([...server.keys(), ...python.keys()])].sort(byName);
  return namespaces.map((namespace) => {
    const ours = server.get(namespace);
    const theirs = python.get(namespace);
    const events = [...new Set([...(ours?.events ?? []), ...(theirs?.events ?? [])])].sort(byName);
    return {
      namespace,
      isSeen: ours?.isSeen ?? true,
      // Python accepts or refuses the client of each of its namespaces, with or without a handler for it.
      connect: servedBy(ours?.connect ?? false, theirs !== undefined),
      events: events.map((event) => ({
        event,
        servedBy: servedBy(ours?.events.has(event) ?? false, theirs?.events.has(event) ?? false),
      })),
      otherEvents: servedBy(false, theirs?.any ?? false),
      disconnect: servedBy(ours?.disconnect ?? false, theirs !== undefined),
    };
  });
}
