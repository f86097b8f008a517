import type { Dialect, ReaderOptions } from "../src/index.js";

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

function dialectOf(release: string): Dialect {
  if (isBefore(release, "5.3")) {
    return "5.2";
  }
  if (isBefore(release, "5.14.2")) {
    return "5.13";
  }
  return isBefore(release, "5.15.1") ? "5.14" : "5.15";
}

/** How Node speaks with that release of python-socketio, as far as it is not what an adapter does by itself. */
export function optionsFor(release: string): ReaderOptions {
  const dialect = dialectOf(release);
  return {
    ...(dialect === "5.15" ? {} : { dialect }),
    ...(isBefore(release, "5.14") ? { legacyPickle: "data-only" } : {}),
  };
}

/** `createAdapter(url, { dialect: "5.14" })`: what an application needs for the same; `undefined` where defaults do. */
export function callFor(release: string): string | undefined {
  const options = Object.entries(optionsFor(release)).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return options.length === 0 ? undefined : `createAdapter(url, { ${options.join(", ")} })`;
}
