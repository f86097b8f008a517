/** What a run has opened, to be released in the opposite order. */
export interface Releases {
  push(release: () => unknown): void;
  /** Releases everything, once, however far the start has come. */
  end(): Promise<void>;
}

/** @param cleanUp - registers what must run however the run ends */
export function makeReleases(cleanUp: (release: () => Promise<void>) => void): Releases {
  const releases: (() => unknown)[] = [];
  let ended: Promise<void> | undefined;
  const end = () => {
    ended ??= (async () => {
      for (const release of releases.reverse()) {
        await release();
      }
    })();
    return ended;
  };
  cleanUp(end);
  return { push: (release) => releases.push(release), end };
}
