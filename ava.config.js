export default {
  files: ["build/test/**/*.test.js", "!build/test/containers/**"],
  timeout: "120s",
  workerThreads: false,
  nodeArguments: ["--enable-source-maps", "--unhandled-rejections=strict"],
};
