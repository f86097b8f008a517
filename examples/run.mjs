/**
 * Starts the programs of one example, and a broker for them: `npm run example -- chat`.
 *
 * Each program gets its port in PORT, and in SOCKETIO_QUEUE the broker: that of the environment, or an embedded one. The
 * others find it under its name, such as FLASK_URL. A program starts when the one before it has printed a line. The
 * example ends when all programs without a port have ended, or with Ctrl-C.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs, styleText } from "node:util";

/** A program with a port is a server. */
const EXAMPLES = {
  chat: [
    { name: "node", file: "server.mjs", port: 3000 },
    { name: "flask", file: "app.py", port: 5000 },
  ],
  "emit-from-workers": [
    { name: "server", file: "server.mjs", port: 3000 },
    { name: "client", file: "client.mjs" },
    { name: "node-worker", file: "worker.mjs" },
    { name: "python-worker", file: "worker.py" },
  ],
  "rooms-and-acks": [
    { name: "node", file: "server.mjs", port: 3000 },
    { name: "python", file: "app.py", port: 5000 },
    { name: "client", file: "client.mjs" },
  ],
  recovery: [
    { name: "server-1", file: "server.mjs", port: 3001 },
    { name: "server-2", file: "server.mjs", port: 3002 },
    { name: "balancer", file: "balancer.mjs", port: 3000 },
    { name: "client", file: "client.mjs" },
  ],
  "typed-emitter": [
    { name: "server", file: "server.ts", port: 3000 },
    { name: "client", file: "client.ts" },
    { name: "emitter", file: "emitter.ts" },
  ],
};

const USAGE = `usage: npm run example -- NAME [--free-ports]

  NAME          ${Object.keys(EXAMPLES).join(", ")}
  --free-ports  use any free ports instead of 3000 to 3002 and 5000

  SOCKETIO_QUEUE  a Redis to use instead of the embedded broker
  PYTHON          an interpreter that has the packages of examples/requirements.txt`;

const COLORS = ["cyan", "magenta", "yellow", "green"];
/** How long a program has to end before it is killed, in milliseconds. */
const GRACE_MS = 2_000;

const pathOf = (path) => fileURLToPath(new URL(path, import.meta.url));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** The interpreter in PYTHON, or one in a virtual environment, which is made the first time. */
function findPython() {
  if (process.env.PYTHON) {
    return process.env.PYTHON;
  }
  const python = pathOf(".venv/bin/python");
  if (!existsSync(python)) {
    console.log("making a virtual environment in examples/.venv");
    execFileSync("python3", ["-m", "venv", pathOf(".venv")], { stdio: "inherit" });
    const requirements = ["-r", pathOf("requirements.txt")];
    execFileSync(python, ["-m", "pip", "install", "--quiet", ...requirements], { stdio: "inherit" });
  }
  return python;
}

function commandOf(file) {
  if (file.endsWith(".py")) {
    return [findPython(), ["-u", file]];
  }
  return [process.execPath, file.endsWith(".ts") ? ["--import", "tsx", file] : [file]];
}

async function openBroker() {
  const url = process.env.SOCKETIO_QUEUE;
  if (url) {
    return { url, close: async () => {} };
  }
  const { startEmbeddedBroker } = await import("../dist/src/embedded/broker.js");
  return startEmbeddedBroker();
}

/** @returns the process, and a promise of its first line or its end */
function start(command, args, env, print) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const started = new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", resolve);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        print(line);
        resolve();
      });
    }
  });
  return { child, started };
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const exited = once(child, "exit");
  child.kill();
  const timer = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
  await exited;
  clearTimeout(timer);
}

async function run(example, programs, isAnyPort) {
  const broker = await openBroker();
  const env = { SOCKETIO_QUEUE: broker.url };
  for (const program of programs.filter(({ port }) => port !== undefined)) {
    program.port = isAnyPort ? await freePort() : program.port;
    env[`${program.name.toUpperCase().replace("-", "_")}_URL`] = `http://127.0.0.1:${program.port}`;
  }
  const interrupted = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const width = Math.max(...programs.map(({ name }) => name.length));
  const servers = [];
  const others = [];
  for (const [index, { name, file, port }] of programs.entries()) {
    const label = styleText(COLORS[index], name.padEnd(width));
    const [command, args] = commandOf(pathOf(`${example}/${file}`));
    const own = port === undefined ? {} : { PORT: String(port) };
    const { child, started } = start(command, args, { ...env, ...own }, (line) => console.log(`${label} | ${line}`));
    (port === undefined ? others : servers).push(child);
    await Promise.race([started, interrupted]);
  }
  const hasEnded = (child) => (child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined);
  const ended = Promise.all(others.map(hasEnded));
  await Promise.race([others.length === 0 ? interrupted : ended, interrupted]);
  await Promise.all([...others, ...servers].map(end));
  await broker.close();
  return Math.max(0, ...others.map(({ exitCode }) => exitCode ?? 1));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "free-ports": { type: "boolean", default: false } },
});
const [name] = positionals;
if (!Object.hasOwn(EXAMPLES, name ?? "")) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await run(name, EXAMPLES[name], values["free-ports"]);
}
