import { BackendFailure } from "./backend-failure.js";

/** Of the protocol between edge and workers. */
const VERSION = 1;

/** What Python has for a namespace. */
export interface Handlers {
  /** That have a handler of their own. */
  readonly events: ReadonlySet<string>;
  /** Whether a catch-all handler takes the rest. */
  readonly any: boolean;
}

/** What workers tell of the application that they serve: `describe()` of `socketio_bridge/worker.py`. */
export interface Application {
  /** Another one after a redeploy that changed what is handled. */
  readonly revision: string;
  /** Whether clients are accepted before their `connect` handler has run: `always_connect`. */
  readonly alwaysConnect: boolean;
  /** Whether a worker runs the calls of a batch one after the other. */
  readonly inOrder: boolean;
  readonly handlers: ReadonlyMap<string, Handlers>;
}

/** @throws BackendFailure for what is none */
export function readApplication(head: Readonly<Record<string, unknown>>, backend: string): Application {
  const { version, revision, alwaysConnect, inOrder, handlers } = head;
  if (version !== VERSION) {
    throw notOne(
      `${backend} speaks version ${JSON.stringify(version)} of the protocol, and this edge version ${VERSION}`,
    );
  }
  if (typeof revision !== "string" || typeof handlers !== "object" || handlers === null) {
    throw notOne(`${backend} does not say what it handles`);
  }
  return {
    revision,
    alwaysConnect: alwaysConnect === true,
    inOrder: inOrder === true,
    handlers: new Map(Object.entries(handlers).map(([name, value]) => [name, readHandlers(value, backend)])),
  };
}

function readHandlers(value: unknown, backend: string): Handlers {
  const { events, any } = (value ?? {}) as Record<string, unknown>;
  if (!Array.isArray(events) || !events.every((event) => typeof event === "string")) {
    throw notOne(`${backend} does not say which events it handles`);
  }
  return { events: new Set(events), any: any === true };
}

const notOne = (message: string) => new BackendFailure(message, { mayHaveRun: false, isAway: true });

/** What several backends handle between them: during a redeploy one has a handler already that another still lacks. */
export function mergeApplications(applications: readonly Application[]): ReadonlyMap<string, Handlers> {
  const merged = new Map<string, Handlers>();
  for (const [name, { events, any }] of applications.flatMap(({ handlers }) => [...handlers])) {
    const known = merged.get(name);
    merged.set(name, { events: new Set([...(known?.events ?? []), ...events]), any: any || (known?.any ?? false) });
  }
  return merged;
}
