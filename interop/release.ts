import type { ReaderOptions } from "../src/index.js";

/** Whether the release `version` comes before `other`: `5.9.0` is before `5.14`. A pre-release counts as its release. */
export function isBefore(version: string, other: string): boolean {
  const [left, right] = [version, other].map((text) => text.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return false;
}

/** How Node speaks with that release of python-socketio. */
export function optionsFor(_release: string): ReaderOptions {
  return {};
}
