import type { ResolveHook } from "node:module";

const STAND_IN = new URL("./next-release.js", import.meta.url).href;

/** Resolves `@msgpack/msgpack` to its stand-in, for everybody but that one. */
export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  specifier === "@msgpack/msgpack" && context.parentURL !== STAND_IN
    ? { url: STAND_IN, shortCircuit: true }
    : nextResolve(specifier, context);
