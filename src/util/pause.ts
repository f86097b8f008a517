import { setTimeout } from "node:timers/promises";

/** Resolves after the time, or as soon as the signal aborts. Never rejects, and leaves no timer behind. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await setTimeout(milliseconds, undefined, { signal }).catch(() => {});
}
