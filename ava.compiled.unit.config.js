import compiled from "./ava.compiled.config.js";

/** The tests of `npm run test:unit`, compiled: the same build on another release of Node. */
export default {
  ...compiled,
  files: [...compiled.files, "!build/test/cross-language/**", "!build/test/brokers/**"],
};
