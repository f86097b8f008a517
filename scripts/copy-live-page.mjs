// Copies the files of the live page beside the compiled server; tsc copies only what it compiles.
// Usage: node scripts/copy-live-page.mjs dist/src
import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [target] = process.argv.slice(2);
if (target === undefined) {
  console.error("usage: node scripts/copy-live-page.mjs <folder that src/ was compiled to>");
  process.exit(2);
}
const root = fileURLToPath(new URL("..", import.meta.url));
await cp(resolve(root, "src/server/live-page"), resolve(root, target, "server/live-page"), { recursive: true });
