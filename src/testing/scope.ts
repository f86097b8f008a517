/** Something that ends, such as a test of AVA or a run of the interop kit. */
export interface Scope {
  /** Registers a function to run at the end, whatever the outcome. Functions run in reverse order of registration. */
  teardown(release: () => void | Promise<void>): void;
}

/** Runs a function when the scope ends. */
export function cleanUp(scope: Scope, release: () => unknown): void {
  scope.teardown(async () => {
    await release();
  });
}

/** A scope that is ended explicitly. */
export class ManualScope implements Scope {
  readonly #releases: (() => void | Promise<void>)[] = [];

  teardown(release: () => void | Promise<void>): void {
    this.#releases.push(release);
  }

  /** Runs all registered functions, even if some fail. @returns the errors */
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
