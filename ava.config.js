/** The tests as they are written, from TypeScript: `npx ava test/bus/memory.test.ts`. */
export default {
  files: ["test/**/*.test.ts", "!test/containers/**"],
  extensions: { ts: "module" },
  timeout: "120s",
  watchMode: { ignoreChanges: ["{build,coverage,dist}/**", "**/.venv*/**"] },
  workerThreads: false,
  nodeArguments: ["--import=tsx", "--unhandled-rejections=strict"],
};
