/**
 * Builds the package into dist/: JavaScript without comments, the declarations that users of the package reach, and the
 * live page.
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

function removeInternalDeclarations() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const needed = reachable(Object.values(exports).flatMap(({ types }) => types ?? []));
  for (const name of readdirSync(dist, { recursive: true })) {
    const file = join(dist, name);
    if (file.endsWith(".d.ts") && !needed.has(file)) {
      rmSync(file);
    }
  }
}

rmSync(dist, { recursive: true, force: true });
compile();
removeInternalDeclarations();
run("scripts/copy-live-page.mjs", "dist/src");
