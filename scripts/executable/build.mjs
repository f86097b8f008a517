/**
 * Builds `serve` as one file for machines without Node: Node itself with a bundle of the command, the clients of Redis and
 * RabbitMQ, and the live page. https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html
 *
 *     node scripts/executable/build.mjs [FILE]        by default build/executable/socketio-python-bridge
 *
 * For Linux, and the processor of this machine.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const NODE = `node-linux-${process.arch}`;
const NODE_VERSION = "24.22.3";
const POSTJECT = "postject@1.0.0-alpha.6";
/** What Node looks for in itself. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const HERE = dirname(fileURLToPath(import.meta.url));
const LIVE_PAGE = resolve(HERE, "../../src/server/live-page");
const READS_FILE = `readFileSync(new URL(\`./live-page/\${file}\`, import.meta.url))`;

/** What the command finds beside itself otherwise: packages, and the files of the live page. */
const inside = {
  name: "inside",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/optional-package\.js$/ }, () => ({ path: join(HERE, "optional-package.ts") }));
    onLoad({ filter: /\/live-page-files\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes(READS_FILE)) {
        throw new Error(`${path} no longer says ${READS_FILE}`);
      }
      const files = readdirSync(LIVE_PAGE).map((name) => [name, readFileSync(join(LIVE_PAGE, name), "utf8")]);
      const embedded = `Buffer.from((${JSON.stringify(Object.fromEntries(files))} as Record<string, string>)[file])`;
      return { loader: "ts", contents: source.replace(READS_FILE, () => embedded) };
    });
  },
};

const target = resolve(process.argv[2] ?? "build/executable/socketio-python-bridge");
const work = mkdtempSync(join(tmpdir(), "executable-"));
try {
  execFileSync("npm", ["install", "--silent", "--no-save", "--prefix", work, `${NODE}@${NODE_VERSION}`, POSTJECT]);
  const node = join(work, "node_modules", NODE, "bin", "node");
  await build({
    entryPoints: [join(HERE, "main.ts")],
    outfile: join(work, "bundle.cjs"),
    bundle: true,
    minify: true,
    keepNames: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    // Native code that ws does without.
    external: ["bufferutil", "utf-8-validate"],
    plugins: [inside],
    logLevel: "warning",
  });
  const config = { main: "bundle.cjs", output: "blob", disableExperimentalSEAWarning: true, useCodeCache: true };
  writeFileSync(join(work, "config.json"), JSON.stringify(config));
  execFileSync(node, ["--experimental-sea-config", "config.json"], {
    cwd: work,
    stdio: ["ignore", "ignore", "inherit"],
  });
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(node, target);
  chmodSync(target, 0o755);
  const postject = join(work, "node_modules", ".bin", "postject");
  execFileSync(postject, [target, "NODE_SEA_BLOB", join(work, "blob"), "--sentinel-fuse", FUSE], { stdio: "ignore" });
  console.info(`${target}: ${Math.round(statSync(target).size / 1e6)} MB, with Node ${NODE_VERSION}`);
} finally {
  rmSync(work, { recursive: true });
}
