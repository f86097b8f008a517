import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What python-socketio is told to do: a line of `cases.jsonl`, in the typed JSON of `python-fixtures/wire.py`. */
export interface Case {
  readonly case: string;
  readonly op: "emit" | "answer" | "enter_room" | "leave_room" | "close_room" | "disconnect";
  readonly [argument: string]: unknown;
}

/** A manager of python-socketio on a broker. */
export type BusName = "redis" | "redis-async" | "kombu-redis" | "kombu-amqp" | "aio-pika" | "kafka";

/** What the broker carries besides the message, the same for every message; or why nothing can be published. */
export type Carrier = Readonly<Record<string, unknown>> | { readonly error: string };

/** First line of a file. */
export interface Release {
  readonly release: string;
  /** Of the interpreter, whose pickles differ. */
  readonly python: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly buses: Readonly<Partial<Record<BusName, Carrier>>>;
}

/** The message, byte by byte; or what was said when there was none, null if nothing was. */
export type Outcome = { readonly utf8: string } | { readonly base64: string } | { readonly error: string | null };

/** A further line: what came of a case on these buses, or on every bus that the release can publish on. */
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

/** Of every release that is recorded, the oldest first. */
export function readRecordings(): readonly ReleaseRecordings[] {
  const releases = readdirSync(MESSAGES).map((name) => name.replace(/\.jsonl$/, ""));
  releases.sort((one, other) => one.localeCompare(other, "en", { numeric: true }));
  return releases.map((name) => {
    const [release, ...recordings] = readLines(fileOf(name));
    return { release: release as Release, recordings: recordings as Recording[] };
  });
}

/** @returns undefined where there is no message */
export function bytesOf(recording: Outcome): Buffer | undefined {
  if ("error" in recording) {
    return undefined;
  }
  return "utf8" in recording ? Buffer.from(recording.utf8) : Buffer.from(recording.base64, "base64");
}
