import { fileURLToPath } from "node:url";

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
