import { availableParallelism } from "node:os";
import all from "./ava.config.js";

/** The tests that need a Docker engine: `npm run test:containers`. Each starts a fleet, which leaves no processor idle. */
export default {
  ...all,
  files: ["test/containers/**/*.test.ts"],
  concurrency: availableParallelism(),
};
