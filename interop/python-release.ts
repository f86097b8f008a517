import type { Dialect, Encoding, ReaderOptions } from "../src/index.js";

/** Whether release `version` is older than `other`: `5.9.0` is older than `5.14`. A pre-release counts as its release. */
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

/** What an adapter needs beyond its defaults to work with that release of python-socketio, and in that encoding. */
export function optionsFor(release: string, encoding: Encoding): ReaderOptions {
  if (encoding === "msgpack") {
    return { encoding };
  }
  const dialect = dialectOf(release);
  return {
    ...(dialect === "5.15" ? {} : { dialect }),
    ...(isBefore(release, "5.14") ? { legacyPickle: "data-only" } : {}),
  };
}

/** The call that an application needs for them: `createAdapter(url, { dialect: "5.14" })`. `undefined` where the defaults do. */
export function callFor(release: string, encoding: Encoding): string | undefined {
  const options = Object.entries(optionsFor(release, encoding)).map(
    ([name, value]) => `${name}: ${JSON.stringify(value)}`,
  );
  return options.length === 0 ? undefined : `createAdapter(url, { ${options.join(", ")} })`;
}
