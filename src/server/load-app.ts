import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Server } from "socket.io";
import { BridgeError } from "../errors.js";

/** What an application has for its default export. */
export type App = (io: Server) => unknown;

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export async function loadApp(path: string): Promise<App> {
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(resolve(path)).href);
  } catch (cause) {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--app ${path} cannot be loaded: ${(cause as Error).message}`, {
      cause,
    });
  }
  // A CommonJS module compiled by TypeScript or Babel has its default export one level down.
  const exported = module.default as { readonly default?: unknown } | undefined;
  const app = typeof exported === "function" ? exported : exported?.default;
  if (typeof app !== "function") {
    throw new BridgeError("BRIDGE_INVALID_OPTION", `--app ${path} has no function as its default export`);
  }
  return app as App;
}
