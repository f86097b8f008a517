import { BridgeError } from "../errors.js";
import { HANDLERS_PATH } from "../server/handlers-endpoint.js";
import type { HandlersReport } from "../server/handlers-report.js";
import { timeLimit } from "../util/time-limit.js";

const ANSWER_MS = 10_000;
const MAX_BYTES = 16 * 2 ** 20;

const ADVICE: Readonly<Record<number, string>> = {
  400: "is it the edge, or a proxy that passes this on?",
  401: "give this command the SOCKETIO_BRIDGE_SECRET of the edge",
  404: "is it `serve` with --backend, and no proxy in front of it?",
};

/**
 * Asks a running edge, `serve` with `--backend`, who serves what.
 *
 * @param url - where it listens
 * @throws BridgeError `BRIDGE_INVALID_URL`; rejects with `BRIDGE_BACKEND_FAILED` if it does not answer
 */
export async function askEdge(url: string, secret: string): Promise<HandlersReport> {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base === undefined || !/^https?:$/.test(base.protocol)) {
    throw new BridgeError("BRIDGE_INVALID_URL", `the edge ${JSON.stringify(url)} is not an http or https URL`);
  }
  const limit = timeLimit(ANSWER_MS, new AbortController().signal);
  try {
    const response = await fetch(new URL(HANDLERS_PATH, base), {
      headers: { authorization: `Bearer ${secret}` },
      // Not to wherever it points: the secret is for the edge.
      redirect: "manual",
      signal: limit.signal,
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      const advice = ADVICE[response.status];
      throw failure(`${base.host} answers with status ${response.status}${advice === undefined ? "" : `: ${advice}`}`);
    }
    return readReport(await readText(response), base.host);
  } catch (cause) {
    if (cause instanceof BridgeError) {
      throw cause;
    }
    const why = limit.signal.aborted ? `no answer within ${ANSWER_MS / 1_000} s` : reasonOf(cause as Error);
    throw failure(`${base.host}: ${why}`, cause);
  } finally {
    limit.end();
  }
}

const failure = (message: string, cause?: unknown) => new BridgeError("BRIDGE_BACKEND_FAILED", message, { cause });

/** `fetch` says "fetch failed", and why in the cause. */
const reasonOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) {
      throw new Error(`it answers with more than ${MAX_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const SERVED_BY: ReadonlySet<unknown> = new Set(["TypeScript", "Python", "both", "nobody"]);

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});

const isListOf = (value: unknown, fits: (fields: Fields) => boolean): boolean =>
  Array.isArray(value) && value.every((one) => fits(fieldsOf(one)));

const isNamespace = ({ namespace, isSeen, connect, events, otherEvents, disconnect }: Fields): boolean =>
  typeof namespace === "string" &&
  typeof isSeen === "boolean" &&
  [connect, otherEvents, disconnect].every((one) => SERVED_BY.has(one)) &&
  isListOf(events, ({ event, servedBy }) => typeof event === "string" && SERVED_BY.has(servedBy));

const isNote = ({ namespace, text, isIncomplete }: Fields): boolean =>
  (namespace === undefined || typeof namespace === "string") &&
  typeof text === "string" &&
  typeof isIncomplete === "boolean";

/** @throws BridgeError `BRIDGE_BACKEND_FAILED` for what is none */
function readReport(text: string, host: string): HandlersReport {
  let content: Fields = {};
  try {
    content = fieldsOf(JSON.parse(text));
  } catch {
    // Told below.
  }
  if (!isListOf(content.namespaces, isNamespace) || !isListOf(content.notes, isNote)) {
    throw failure(`${host} does not say who serves what: is it \`serve\` with --backend, of this release?`);
  }
  return content as unknown as HandlersReport;
}
