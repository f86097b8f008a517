export default {
  files: ["build/test/**/*.test.js"],
  timeout: "120s",
  workerThreads: false,
  nodeArguments: ["--enable-source-maps", "--unhandled-rejections=strict"],
};
