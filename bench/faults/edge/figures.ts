import type { Line } from "../../../src/testing/program.js";
import type { Span } from "../../shared/clock.js";
import type { EdgeFaultName } from "./names.js";

/** What became of an event, as its client saw it. Times are monotonic milliseconds. */
export interface SentEvent {
  readonly client: number;
  /** Counts from 0, for each client. */
  readonly number: number;
  readonly sentAt: number;
  readonly settledAt: number | null;
  /** `answered`, `unsettled`, `disconnected`, or the error in its acknowledgement. */
  readonly outcome: string;
  /** How often the emit of its handler has arrived. */
  readonly emits: number;
  readonly emittedAt: number | null;
}

/** A time without a connection; `backAt` is null when it has not ended. */
export interface Disconnect {
  readonly client: number;
  readonly at: number;
  readonly backAt: number | null;
}

/** What was observed in one run. */
export interface EdgeEvidence {
  readonly fault: EdgeFaultName;
  readonly span: Span;
  readonly sent: readonly SentEvent[];
  readonly disconnects: readonly Disconnect[];
  /** What the workers have written, in this order: see `recorded_app.py`. */
  readonly record: readonly Line[];
  /** The worker that was killed. */
  readonly killedWorker?: number | undefined;
  /** Whether a client was connected to the edge that was killed. */
  readonly isOfKilledEdge?: ((client: number) => boolean) | undefined;
}

/** One row of the table. Times are in milliseconds; undefined means never. */
export interface EdgeFigures {
  readonly fault: EdgeFaultName;
  /** How long the fault lasted. */
  readonly lasted: number;
  readonly sent: number;
  readonly answered: number;
  /** Acknowledgements that said that they failed, by reason. */
  readonly failed: Readonly<Record<string, number>>;
  /** Of these, those of events that were not in flight in what was killed. */
  readonly failedElsewhere: number;
  /** Events that were not handled, and whose clients were not told. */
  readonly lost: number;
  /** Events that were handled more than once, or whose emit arrived more than once. */
  readonly twice: number;
  /** Handled after a later event of the same client, or before the previous one had ended. */
  readonly outOfOrder: number;
  /** Acknowledgements that arrived before the emit of their handler. */
  readonly overtaken: number;
  /** Answered, but the emit of the handler never arrived. */
  readonly emitsLost: number;
  readonly disconnected: number;
  /** Of these, clients of an edge that nothing happened to. */
  readonly disconnectedElsewhere: number;
  /** Longest time that a client was without a connection. */
  readonly longestAway: number | undefined;
  /** Longest time from sending an event to its acknowledgement, before the fault: what the machine takes by itself. */
  readonly steadyWait: number;
  /** The same in the whole run. */
  readonly longestWait: number;
  readonly unsettled: number;
  /** Handlers of `disconnect` of the clients of the killed edge. */
  readonly disconnectHandlers: { readonly expected: number; readonly run: number; readonly twice: number } | undefined;
}

const keyOf = ({ client, number }: { readonly client?: unknown; readonly number?: unknown }): string =>
  `${client}/${number}`;

interface Handling {
  readonly client: number;
  readonly number: number;
  readonly pid: number;
  readonly beganAt: number;
  endedAt: number | undefined;
}

/** The handlers that have run, in the order in which they began; positions in the record stand for times. */
function handlingsOf(record: readonly Line[]): readonly Handling[] {
  const handlings: Handling[] = [];
  const running = new Map<string, Handling>();
  for (const [at, line] of record.entries()) {
    const key = `${line.pid} ${keyOf(line)}`;
    if (line.event === "began") {
      const [client, number, pid] = [Number(line.client), Number(line.number), Number(line.pid)];
      const handling = { client, number, pid, beganAt: at, endedAt: undefined };
      handlings.push(handling);
      running.set(key, handling);
    } else if (line.event === "ended") {
      const handling = running.get(key);
      if (handling !== undefined) {
        handling.endedAt = at;
      }
    }
  }
  return handlings;
}

function countOutOfOrder(handlings: readonly Handling[]): number {
  const latest = new Map<number, Handling>();
  let count = 0;
  for (const handling of handlings) {
    const previous = latest.get(handling.client);
    // One that never ended was in a worker that was killed.
    const isOverlapping = previous?.endedAt !== undefined && previous.endedAt > handling.beganAt;
    if (previous !== undefined && (previous.number > handling.number || isOverlapping)) {
      count += 1;
    }
    if (previous === undefined || previous.number < handling.number) {
      latest.set(handling.client, handling);
    }
  }
  return count;
}

function countBy(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) {
    counts[value] = (counts[value] ?? 0) + 1;
  }
  return counts;
}

/** Of each client that was connected to the killed edge: the `disconnect` handlers of its first connection. */
function disconnectHandlersOf({ record, isOfKilledEdge }: EdgeEvidence): EdgeFigures["disconnectHandlers"] {
  if (isOfKilledEdge === undefined) {
    return undefined;
  }
  const firstSids = new Map<unknown, unknown>();
  for (const { event, client, sid } of record) {
    if (event === "connect" && isOfKilledEdge(Number(client)) && !firstSids.has(client)) {
      firstSids.set(client, sid);
    }
  }
  const expected = new Set(firstSids.values());
  const run = record.filter(({ event, sid }) => event === "disconnect" && expected.has(sid));
  const distinct = new Set(run.map(({ sid }) => sid)).size;
  return { expected: expected.size, run: distinct, twice: run.length - distinct };
}

const longest = (times: readonly number[]): number => times.reduce((most, time) => Math.max(most, time), 0);

const waitOf = ({ sentAt, settledAt }: SentEvent): number => (settledAt ?? sentAt) - sentAt;

export function edgeFiguresOf(evidence: EdgeEvidence): EdgeFigures {
  const { fault, span, sent, disconnects, record, killedWorker, isOfKilledEdge } = evidence;
  const handlings = handlingsOf(record);
  const handled = new Map<string, readonly Handling[]>();
  for (const handling of handlings) {
    handled.set(keyOf(handling), [...(handled.get(keyOf(handling)) ?? []), handling]);
  }
  const isHandled = (event: SentEvent) => handled.has(keyOf(event));
  const answered = sent.filter(({ outcome }) => outcome === "answered");
  const unsettled = sent.filter(({ outcome }) => outcome === "unsettled");
  const failed = sent.filter(({ outcome }) => outcome !== "answered" && outcome !== "unsettled");
  const noticed = new Map<number, number>();
  for (const { client, at } of disconnects) {
    noticed.set(client, Math.min(at, noticed.get(client) ?? at));
  }
  const isInFlight = (event: SentEvent): boolean => {
    if (killedWorker !== undefined) {
      // It may have read an event whose handler it had not begun yet.
      const [handling] = handled.get(keyOf(event)) ?? [];
      return event.sentAt <= span.to && (handling === undefined || handling.pid === killedWorker);
    }
    // What a client sends before it notices goes to the edge that is dead.
    return isOfKilledEdge?.(event.client) === true && event.sentAt <= (noticed.get(event.client) ?? 0);
  };
  return {
    fault,
    lasted: span.to - span.from,
    sent: sent.length,
    answered: answered.length,
    failed: countBy(failed.map(({ outcome }) => outcome)),
    failedElsewhere: failed.filter((event) => !isInFlight(event)).length,
    lost: [...answered, ...unsettled].filter((event) => !isHandled(event)).length,
    twice: sent.filter((event) => event.emits > 1 || (handled.get(keyOf(event))?.length ?? 0) > 1).length,
    outOfOrder: countOutOfOrder(handlings),
    overtaken: answered.filter(({ emittedAt, settledAt }) => emittedAt !== null && emittedAt > (settledAt ?? 0)).length,
    emitsLost: answered.filter(({ emits }) => emits === 0).length,
    disconnected: new Set(disconnects.map(({ client }) => client)).size,
    disconnectedElsewhere: disconnects.filter(({ client }) => isOfKilledEdge?.(client) !== true).length,
    longestAway: disconnects.some(({ backAt }) => backAt === null)
      ? undefined
      : longest(disconnects.map(({ at, backAt }) => (backAt ?? at) - at)),
    steadyWait: longest(answered.filter(({ settledAt }) => (settledAt ?? 0) < span.from).map(waitOf)),
    longestWait: longest(answered.map(waitOf)),
    unsettled: unsettled.length,
    disconnectHandlers: disconnectHandlersOf(evidence),
  };
}
