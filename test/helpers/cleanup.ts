import type { ExecutionContext } from "ava";

/** Runs when the test is over, whatever its outcome; in reverse order of registration, as AVA does. */
export function cleanUp(t: ExecutionContext, release: () => unknown): void {
  t.teardown(async () => {
    await release();
  });
}
