import all from "./ava.config.js";

/** The same tests, compiled as the package is: `npm test`. */
export default {
  ...all,
  files: all.files.map((files) => files.replace("test/", "build/test/").replace(".ts", ".js")),
  extensions: ["js"],
  nodeArguments: ["--enable-source-maps", "--unhandled-rejections=strict"],
};
