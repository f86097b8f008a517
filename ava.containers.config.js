import all from "./ava.config.js";

/** The tests that need a Docker engine: `npm run test:containers`. */
export default {
  ...all,
  files: ["test/containers/**/*.test.ts"],
};
