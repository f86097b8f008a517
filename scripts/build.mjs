/**
 * Compiles into a folder that it empties first, so that nothing is left of a module that is gone.
 *
 *     node scripts/build.mjs dist     the package: JavaScript without comments, the declarations that its users reach
 *     node scripts/build.mjs build    everything, for tests and benchmarks
 */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TSC = "node_modules/typescript/bin/tsc";
const LIVE_PAGE = "src/server/live-page";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

function tsc(...args) {
  execFileSync(process.execPath, [TSC, "-p", ...args], { stdio: "inherit" });
}

/** The declarations that an entry of the package imports, directly or not. */
function reachableDeclarations() {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8"));
  const found = new Set();
  const visit = (file) => {
    if (!found.has(file)) {
      found.add(file);
      for (const [, specifier] of readFileSync(file, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) {
        visit(resolve(file, "..", `${specifier}.d.ts`));
      }
    }
  };
  for (const { types } of Object.values(exports)) {
    if (types !== undefined) {
      visit(resolve(types));
    }
  }
  return found;
}

/** All that is left in JavaScript of a module that has only types. Nothing imports it. */
const ONLY_TYPES = "export {};\n";

function buildPackage() {
  // Declarations keep their comments, which editors show; the JavaScript needs none.
  tsc("tsconfig.build.json", "--removeComments");
  tsc("tsconfig.build.json", "--noCheck", "--declaration", "--emitDeclarationOnly");
  const needed = reachableDeclarations();
  for (const name of readdirSync("dist", { recursive: true })) {
    const file = resolve("dist", name);
    const isInternal = file.endsWith(".d.ts") && !needed.has(file);
    if (isInternal || (file.endsWith(".js") && readFileSync(file, "utf8") === ONLY_TYPES)) {
      rmSync(file);
    }
  }
}

const BUILDS = { dist: buildPackage, build: () => tsc("tsconfig.test.json") };

const [target = ""] = process.argv.slice(2);
const build = BUILDS[target];
if (build === undefined) {
  console.error(`usage: node scripts/build.mjs ${Object.keys(BUILDS).join("|")}`);
  process.exit(2);
}
rmSync(target, { recursive: true, force: true });
try {
  build();
} catch {
  // The compiler has printed the errors.
  process.exit(1);
}
// The compiler copies only what it compiles.
cpSync(LIVE_PAGE, join(target, LIVE_PAGE), { recursive: true });
