import type { ResolveHook } from "node:module";

/** Beside this module, compiled or not. */
const STAND_IN = new URL(import.meta.url.replace(/next-release-hooks(\.\w+)$/, "next-release$1")).href;

/** Resolves `@msgpack/msgpack` to its stand-in, for everybody but that one. */
export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  nextResolve(specifier === "@msgpack/msgpack" && context.parentURL !== STAND_IN ? STAND_IN : specifier, context);
