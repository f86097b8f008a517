import { timeLimit } from "../util/time-limit.js";
import type { Application } from "./application.js";
import { Backend } from "./backend.js";
import { type EdgeOptions, normalizeEdge } from "./options.js";

/** How long a backend may take, in milliseconds: it may have to load the application. */
const DESCRIBE_MS = 10_000;

/**
 * Asks each backend once what it handles.
 *
 * @throws BridgeError `BRIDGE_INVALID_URL`, `BRIDGE_INVALID_OPTION`; BackendFailure rejects if one of them does not answer
 */
export async function describeBackends(
  options: Pick<EdgeOptions, "backend" | "secret" | "ca">,
): Promise<readonly Application[]> {
  const { urls, secret, ca, maxAnswer } = normalizeEdge(options);
  const backends = urls.map((url) => new Backend({ url, secret, maxBytes: maxAnswer, ca }));
  const limit = timeLimit(DESCRIBE_MS, new AbortController().signal);
  try {
    return await Promise.all(backends.map((backend) => backend.describe(limit.signal)));
  } finally {
    limit.end();
    for (const backend of backends) {
      backend.close();
    }
  }
}
