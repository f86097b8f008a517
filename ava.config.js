import { availableParallelism } from "node:os";

/** The tests as they are written, from TypeScript: `npx ava test/bus/memory.test.ts`. */
export default {
  files: ["test/**/*.test.ts", "!test/containers/**"],
  extensions: { ts: "module" },
  timeout: "120s",
  // Many wait, for brokers that are down or processes that start. AVA would run one file for each processor.
  concurrency: Math.ceil(1.5 * availableParallelism()),
  watchMode: { ignoreChanges: ["{build,coverage,dist}/**", "**/.venv*/**"] },
  workerThreads: false,
  nodeArguments: ["--import=tsx", "--unhandled-rejections=strict"],
};
