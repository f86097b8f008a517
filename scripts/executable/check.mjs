/**
 * Tries what `build.mjs` has built, in an empty directory without Node on the PATH: it serves a client with a handler from
 * a file, shows the live page, and ends with 0. Prints its size, and how long it takes until it listens.
 *
 *     node scripts/executable/check.mjs [FILE]
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const RUNS = 5;
const APP = `export default (io) => io.on("connection", (socket) => socket.on("double", (n, reply) => reply(2 * n)));`;

const executable = resolve(process.argv[2] ?? "build/executable/socketio-python-bridge");
const directory = mkdtempSync(join(tmpdir(), "executable-"));
writeFileSync(join(directory, "app.mjs"), APP);

/** @returns milliseconds until it listened */
async function tryOnce() {
  const start = performance.now();
  const child = spawn(executable, ["--port", "0", "--demo", "--app", "app.mjs"], {
    cwd: directory,
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  try {
    let url;
    for await (const line of createInterface({ input: child.stdout })) {
      [url] = /http:\S+\//.exec(line) ?? [];
      if (url !== undefined) {
        break;
      }
    }
    if (url === undefined) {
      throw new Error("it ended before it listened");
    }
    const took = performance.now() - start;
    child.stdout.resume();
    const page = await (await fetch(url)).text();
    if (!page.includes("<title>")) {
      throw new Error(`the live page is ${page.slice(0, 100)}`);
    }
    const client = io(url, { reconnection: false, transports: ["websocket"] });
    const doubled = await client.timeout(20_000).emitWithAck("double", 21);
    client.disconnect();
    if (doubled !== 42) {
      throw new Error(`it answered ${doubled}`);
    }
    child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0) {
      throw new Error(`it ended with ${code}`);
    }
    return took;
  } finally {
    child.kill("SIGKILL");
  }
}

try {
  const times = [];
  for (let run = 0; run < RUNS; run += 1) {
    times.push(await tryOnce());
  }
  times.sort((a, b) => a - b);
  const size = Math.round(statSync(executable).size / 1e6);
  console.info(
    `${executable}: ${size} MB, listens after ${Math.round(times[Math.floor(RUNS / 2)])} ms (median of ${RUNS})`,
  );
} finally {
  rmSync(directory, { recursive: true });
}
