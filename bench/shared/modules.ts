import { fileURLToPath } from "node:url";

/** Benchmarks run compiled, and in tests from TypeScript; what they start in a process of its own does the same. */
const isCompiled = import.meta.url.endsWith(".js");

/** The checkout, or `build/`. */
const ROOT = new URL("../../", import.meta.url);

/** Arguments of Node that run a module of this project. @param path - from the root of the project */
export function moduleArguments(path: string): readonly string[] {
  const url = new URL(isCompiled ? path.replace(/\.ts$/, ".js") : path, ROOT);
  return [...(isCompiled ? [] : [`--import=${import.meta.resolve("tsx")}`]), fileURLToPath(url)];
}
