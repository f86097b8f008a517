/** What ends at one time: a test of AVA is one, a run of the kit is another. */
export interface Scope {
  /** Registers what runs at its end, whatever its outcome; in reverse order of registration. */
  teardown(release: () => void | Promise<void>): void;
}

/** Runs when the scope ends. */
export function cleanUp(scope: Scope, release: () => unknown): void {
  scope.teardown(async () => {
    await release();
  });
}
