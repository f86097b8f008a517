import { fileURLToPath } from "node:url";
import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Tests run from TypeScript through tsx, or compiled, as `npm test` does. What they start in a process of its own comes
 * from where they come from themselves.
 */
const isCompiled = import.meta.url.endsWith(".js");

/** The checkout, or `build/`. */
const ROOT = new URL("../../", import.meta.url);

/** Arguments of Node that let it run the modules below. An address, since the process may run in another directory. */
export const nodeArguments: readonly string[] = isCompiled ? [] : [`--import=${import.meta.resolve("tsx")}`];

/** @param path - from the root of the repository, such as `src/cli/main.ts` */
export const moduleUrl = (path: string): URL => new URL(isCompiled ? path.replace(/\.ts$/, ".js") : path, ROOT);

export const modulePath = (path: string): string => fileURLToPath(moduleUrl(path));

/** On Node 20, tsx registers itself in the main thread alone. */
export function startWorker(path: string, options: WorkerOptions): Worker {
  const url = moduleUrl(path);
  if (isCompiled) {
    return new Worker(url, options);
  }
  const [tsx, module] = [import.meta.resolve("tsx/esm/api"), url.href].map((address) => JSON.stringify(address));
  return new Worker(`import(${tsx}).then(({ tsImport }) => tsImport(${module}, ${module}));`, {
    ...options,
    eval: true,
  });
}
