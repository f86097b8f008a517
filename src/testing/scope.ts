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

/** A scope of its own, for whoever runs without a test. */
export class ManualScope implements Scope {
  readonly #releases: (() => void | Promise<void>)[] = [];

  teardown(release: () => void | Promise<void>): void {
    this.#releases.push(release);
  }

  /** Releases everything, whatever fails meanwhile. @returns what failed */
  async end(): Promise<readonly unknown[]> {
    const errors: unknown[] = [];
    for (const release of this.#releases.splice(0).reverse()) {
      try {
        await release();
      } catch (error) {
        errors.push(error);
      }
    }
    return errors;
  }
}
