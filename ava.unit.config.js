export default {
  files: ["test/**/*.test.ts", "!test/containers/**", "!test/cross-language/**", "!test/brokers/**"],
  extensions: { ts: "module" },
  timeout: "120s",
  workerThreads: false,
  nodeArguments: ["--import=tsx", "--unhandled-rejections=strict"],
};
