import all from "./ava.config.js";

/** The tests that need neither Python nor a broker: these run wherever Node does. */
export default {
  ...all,
  files: [...all.files, "!test/cross-language/**", "!test/brokers/**"],
};
