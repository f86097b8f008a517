import type { ExecutionContext } from "ava";
import { type ClientOptions, connectClient as connectClientWith, type TestClient } from "../../src/testing/clients.js";
import { testPython } from "./python.js";

/** Connects, and disconnects when the test is over. */
export function connectClient(t: ExecutionContext, url: string, options?: ClientOptions): Promise<TestClient> {
  return connectClientWith(t, testPython(), url, options);
}

/** Waits for a server that is about to listen. */
export async function connectPatiently(t: ExecutionContext, url: string): Promise<TestClient> {
  for (;;) {
    try {
      return await connectClient(t, url);
    } catch (error) {
      if (!/xhr poll error|websocket error/.test((error as Error).message)) {
        throw error;
      }
    }
  }
}

/** Each kind of client over each transport. */
export const EVERY_CLIENT: readonly ClientOptions[] = [
  { kind: "js", transport: "websocket" },
  { kind: "js", transport: "polling" },
  { kind: "python", transport: "websocket" },
  { kind: "python", transport: "polling" },
];
