/**
 * Compiles into a folder that it empties first, so that nothing stays of a module that is gone: `node scripts/build.mjs
 * dist` what is packed, `node scripts/build.mjs build` everything, for tests and benchmarks.
 */
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECTS = { dist: "tsconfig.build.json", build: "tsconfig.test.json" };
const LIVE_PAGE = "src/server/live-page";

const [target = ""] = process.argv.slice(2);
const project = PROJECTS[target];
if (project === undefined) {
  console.error(`usage: node scripts/build.mjs ${Object.keys(PROJECTS).join("|")}`);
  process.exit(2);
}
process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync(target, { recursive: true, force: true });
const require = createRequire(import.meta.url);
const compiler = join(dirname(require.resolve("typescript/package.json")), "bin", "tsc");
const { status } = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
if (status === 0) {
  // The compiler copies only what it compiles.
  cpSync(LIVE_PAGE, join(target, LIVE_PAGE), { recursive: true });
}
process.exit(status ?? 1);
