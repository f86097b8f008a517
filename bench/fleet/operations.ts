/**
 * What the processes of a fleet do, in TypeScript and in Python: one JSON object a line.
 *
 *     {"op": "emit", "id", "room", "bytes", "count", "busy"}   emits `count` numbered messages in one loop, after it has
 *                                                              computed for `busy` ms; a room of null is everyone
 *     {"op": "tick", "interval": ms}                           emits one to everyone, again and again; 0 stops it
 *     {"op": "block", "time": ms}                              computes, and does nothing else
 *     {"op": "sample"}                                         Node: writes what the process uses
 *     {"op": "finish"}                                         stops all of that, and emits a last message to everyone
 *
 * A numbered message is the event `numbered` with sender, number, time, and padding of the length that precedes it. They write
 *
 *     {"event": "ready", "port"}
 *     {"event": "emits", "id", "first", "count", "at"}         before they emit these numbers; the id of ticks is null
 *     {"event": "settled", "runs": [[first, last, fate], …]}   what became of them, see `Fate`
 *     {"event": "status", "type", "at", …}                     each status of the bus but `healthy`
 *     {"event": "sample", …}                                   see `Sample`
 *     {"event": "finished", "number"}
 *
 * Times are those of `now()`. A host shows its client in which periods it may have missed messages, in order with them:
 * by the events `status` (type, time, error) of Node, and `outage` (from, to) of Python.
 */
export type Operation =
  | {
      readonly op: "emit";
      readonly id: number;
      readonly room: string | null;
      readonly bytes: number;
      readonly count: number;
      readonly busy: number;
    }
  | { readonly op: "tick"; readonly interval: number }
  | { readonly op: "block"; readonly time: number }
  | { readonly op: "sample" }
  | { readonly op: "finish" };

/**
 * What became of a message:
 *
 * - `confirmed`: the broker has it
 * - `retried`: the same, in a second attempt, so that it may have it twice
 * - `rejected`: the caller was told, by an exception or a rejected promise; in Python, by a line of the log
 * - `dropped`: a caller of `io.emit()` is not told, and a status has to say so
 * - `unpublished`: `io.emit()` has not handed it to the bus
 */
export type Fate = "confirmed" | "retried" | "rejected" | "dropped" | "unpublished";

export type FateRun = readonly [first: number, last: number, fate: Fate];

/** What a process uses. Bytes, milliseconds. */
export interface Sample {
  readonly at: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly handles: number;
  /** Of the event loop since the last sample. */
  readonly loopLagP99: number;
  readonly loopLagMax: number;
  /** Of the bus; null while a channel is stale. */
  readonly busLag: number | null;
}

/** The numbers of a process that is started again begin at the next multiple, so that they grow over all its lives. */
export const NUMBERS_OF_A_LIFE = 10_000_000;
