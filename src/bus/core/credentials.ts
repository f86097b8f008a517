import { BridgeError } from "../../errors.js";
import { pause } from "../../util/pause.js";
import type { Credentials, CredentialsProvider } from "../options.js";
import { brokerError } from "./broker-error.js";

/** How long a provider may take, in milliseconds. */
const LONGEST_MS = 10_000;

/**
 * @internal Asks who logs in over the next connection. Rejects if the provider throws, rejects, gives nothing that could be
 * a login, or takes too long; what it gave is in no error.
 *
 * @param signal - ends the wait
 */
export type AskCredentials = (signal: AbortSignal) => Promise<Credentials>;

/**
 * @internal
 * @param longest - milliseconds
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
export function credentialsAsker(
  provider: CredentialsProvider | undefined,
  longest = LONGEST_MS,
): AskCredentials | undefined {
  if (provider === undefined) {
    return undefined;
  }
  if (typeof provider !== "function") {
    throw new BridgeError("BRIDGE_INVALID_OPTION", "credentials is a function that returns { username, password }");
  }
  return async (signal) => {
    const asked = new AbortController();
    const expired = pause(longest, AbortSignal.any([asked.signal, signal])).then(() => {
      throw new Error(signal.aborted ? "it is no longer wanted" : `nothing within ${longest / 1_000} s`);
    });
    try {
      return checked(await Promise.race([askNow(provider), expired]));
    } catch (error) {
      throw brokerError("credentials() failed", error instanceof Error ? error : new Error("it threw no error"));
    } finally {
      asked.abort();
    }
  };
}

/** What it throws becomes a rejection. */
async function askNow(provider: CredentialsProvider): Promise<unknown> {
  return await provider();
}

function checked(answer: unknown): Credentials {
  const { username, password } = (answer ?? {}) as Partial<Record<keyof Credentials, unknown>>;
  if (typeof password !== "string" || !(username === undefined || typeof username === "string")) {
    throw new Error("it takes a password that is a string, and a username that is one or undefined");
  }
  return { username, password };
}
