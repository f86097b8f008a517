/**
 * `npm run faults -- --bus redis` and its siblings: builds, prepares brokers and Python, and starts the program of
 * bench/<name>. Its help needs none of that.
 */
import { spawnSync } from "node:child_process";

const [name, ...flags] = process.argv.slice(2);

/** The program handles them, and cleans up. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {});
}

function run(command, ...args) {
  const { status } = spawnSync(command, args, { stdio: "inherit" });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

if (flags.includes("--help") || flags.includes("-h")) {
  run(process.execPath, "--import", "tsx", `bench/${name}/main.ts`, "--help");
} else {
  run("npm", "run", "--silent", "build:test");
  run("npm", "run", "--silent", "environment");
  if (name === "speed" || name === "edge") {
    run(process.execPath, `build/bench/${name}/prepare.js`);
  }
  run(process.execPath, `build/bench/${name}/main.js`, ...flags);
}
