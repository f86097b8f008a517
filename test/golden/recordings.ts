import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What python-socketio is told to publish: a line of `cases.jsonl`, in the typed JSON of `python-fixtures/wire.py`. */
export interface Case {
  readonly case: string;
  readonly op: "emit" | "answer" | "enter_room" | "leave_room" | "close_room" | "disconnect";
  readonly [argument: string]: unknown;
}

/** A manager of python-socketio on a broker; `kafka-bytes` is that of `socketio_bridge.kafka`. */
export type BusName = "redis" | "redis-async" | "kombu-redis" | "kombu-amqp" | "aio-pika" | "kafka" | "kafka-bytes";

/** What the broker carries besides each message, or the error if the manager cannot publish there. */
export type Carrier = Readonly<Record<string, unknown>> | { readonly error: string };

/** The first line of a file. */
export interface Release {
  readonly release: string;
  /** Version of the interpreter: pickles depend on it. */
  readonly python: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly buses: Readonly<Partial<Record<BusName, Carrier>>>;
}

/** The bytes of the message, or the error if there was none; null if Python reported nothing. */
export type Outcome = { readonly utf8: string } | { readonly base64: string } | { readonly error: string | null };

/** Every other line: the outcome of a case on these buses, by default on all that the release can publish on. */
export type Recording = Outcome & { readonly case: string; readonly on?: readonly BusName[] };

export interface ReleaseRecordings {
  readonly release: Release;
  readonly recordings: readonly Recording[];
}

export const DIRECTORY = join("test", "golden");
const CASES = join(DIRECTORY, "cases.jsonl");
const MESSAGES = join(DIRECTORY, "messages");

export const fileOf = (release: string): string => join(MESSAGES, `${release}.jsonl`);

function readLines(file: string): unknown[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

export const readCases = (): readonly Case[] => readLines(CASES) as Case[];

/** All recorded releases, the oldest first. */
export function readRecordings(): readonly ReleaseRecordings[] {
  const releases = readdirSync(MESSAGES).map((name) => name.replace(/\.jsonl$/, ""));
  releases.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  return releases.map((name) => {
    const [release, ...recordings] = readLines(fileOf(name));
    return { release: release as Release, recordings: recordings as Recording[] };
  });
}

/** @returns undefined if there is no message */
export function bytesOf(recording: Outcome): Buffer | undefined {
  if ("error" in recording) {
    return undefined;
  }
  return "utf8" in recording ? Buffer.from(recording.utf8) : Buffer.from(recording.base64, "base64");
}
