/**
 * Builds the package into dist/: JavaScript without comments, the declarations that its entries reach, and the live
 * page.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

function run(...args) {
  execFileSync(process.execPath, args, { cwd: root, stdio: "inherit" });
}

/** Declarations keep their comments, which editors show; the JavaScript needs none. */
function compile() {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  run(tsc, "-p", "tsconfig.build.json", "--removeComments");
  run(tsc, "-p", "tsconfig.build.json", "--noCheck", "--declaration", "--emitDeclarationOnly");
}

/** The declarations that an entry of the package imports, directly or not. */
function reachable(entries) {
  const found = new Set();
  const visit = (file) => {
    if (!found.has(file)) {
      found.add(file);
      for (const [, specifier] of readFileSync(file, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)) {
        visit(resolve(file, "..", `${specifier}.d.ts`));
      }
    }
  };
  for (const entry of entries) {
    visit(resolve(root, entry));
  }
  return found;
}

/** What remains in JavaScript of a module that has only types. Nothing imports it. */
const ONLY_TYPES = "export {};\n";

function removeUnreachableFiles() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const declarations = reachable(Object.values(exports).flatMap(({ types }) => types ?? []));
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = join(dist, name);
    const isInternal = file.endsWith(".d.ts") && !declarations.has(file);
    if (isInternal || (file.endsWith(".js") && readFileSync(file, "utf8") === ONLY_TYPES)) {
      rmSync(file);
    }
  }
}

rmSync(dist, { recursive: true, force: true });
compile();
removeUnreachableFiles();
run("scripts/copy-live-page.mjs", "dist/src");
