/**
 * Packs the package and looks at it as a user gets it, on this version of Node: publint and attw on the tarball; `import`,
 * `require()` and the command line in empty projects, with and without the packages that are optional; and a TypeScript
 * program in every usual configuration.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = process.cwd();
const bin = (name) => join(root, "node_modules", ".bin", name);
const directory = mkdtempSync(join(tmpdir(), "package-"));

function run(command, args, cwd) {
  console.info(`$ ${[command.replace(`${root}/`, ""), ...args].join(" ").replace(/\n.*/s, " …")}`);
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** A directory with nothing in it but these packages. */
function makeProject(name, packages) {
  const project = join(directory, name);
  mkdirSync(project);
  writeJson(join(project, "package.json"), { private: true });
  install(project, packages);
  return project;
}

const install = (project, packages) =>
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], project);

const writeJson = (file, value) => writeFileSync(file, JSON.stringify(value, undefined, 2));

const hasPackage = (project, name) => existsSync(join(project, "node_modules", name));

/** Runs a program that uses these modules, once with `import` and once with `require()`. */
function runBothWays(project, modules, program) {
  const each = (write) => Object.entries(modules).map(write).join("\n");
  const imports = each(([name, module]) => `import * as ${name} from "${module}";`);
  const requires = each(([name, module]) => `const ${name} = require("${module}");`);
  writeFileSync(join(project, "import.mjs"), `${imports}${program}`);
  run(process.execPath, ["import.mjs"], project);
  writeFileSync(join(project, "require.cjs"), `${requires}(async () => {${program}})();`);
  run(process.execPath, ["require.cjs"], project);
}

function pack() {
  const [{ filename, files }] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", directory], root));
  const unwanted = files
    .map(({ path }) => path)
    .filter(
      (path) =>
        !/^(dist\/|python-fixtures\/\w+\.py$|python\/src\/socketio_bridge\/\w+\.py$|package\.json|README|LICENSE|CHANGELOG)/.test(
          path,
        ),
    );
  if (unwanted.length > 0) {
    throw new Error(`the tarball holds ${unwanted.join(", ")}`);
  }
  return { tarball: join(directory, filename), files };
}

function checkMetadata(tarball) {
  console.info(run(bin("publint"), ["run", tarball, "--strict"], root));
  // The package is ESM only: in a CommonJS project, `module: node16` needs `import()`. All other rules hold, node10 included.
  const rules = ["--profile", "strict", "--ignore-rules", "cjs-resolves-to-esm"];
  console.info(run(bin("attw"), [tarball, ...rules, "--no-color"], root));
}

const EMITTER_PROGRAM = `
const bus = emitter.memoryBus("check");
const received = new Promise((resolve) => bus.subscribe("socketio", resolve));
const sender = emitter.createEmitter("memory://check", { acks: true, pythonHosts: "never" });
await sender.emit("hello", 1);
const { event, data } = JSON.parse(Buffer.from(await received).toString());
if (event !== "hello" || data !== 1) throw new Error("an emit did not arrive");
const responses = await sender.timeout(10_000).emitWithAck("hello");
if (responses.length !== 0) throw new Error("nobody was there");
await Promise.all([sender.close(), bus.close()]);
`;

const EMITTER_TYPES = `
import { createEmitter, type Emitter, type EmitterOptions } from "socketio-python-bridge/emitter";

const options: EmitterOptions = { channel: ["flask-socketio", "socketio"] };
const emitter: Emitter<{ news: (text: string) => void }> = createEmitter("memory://types", options);
await emitter.to("r").emit("news", "hello");
await emitter.close();
`;

/** An emitter alone: nothing is installed but the package. */
function checkEmitterAlone(tarball) {
  const project = makeProject("emitter", [tarball]);
  for (const name of [
    "socket.io",
    "socket.io-adapter",
    "socket.io-client",
    "amqplib",
    "@platformatic/kafka",
    "zeromq",
  ]) {
    if (hasPackage(project, name)) {
      throw new Error(`${name} is optional, and was installed`);
    }
  }
  runBothWays(project, { emitter: "socketio-python-bridge/emitter" }, EMITTER_PROGRAM);
  const { "nodenext-esm": configuration } = TYPESCRIPT_PROJECTS;
  checkTypes(project, EMITTER_TYPES, { "nodenext-esm": configuration });
  const args = ["--input-type=module", "--eval", 'import "socketio-python-bridge"'];
  const whole = spawnSync(process.execPath, args, { cwd: project, encoding: "utf8" });
  if (whole.status !== 1 || !whole.stderr.includes("Cannot find package 'socket.io-adapter'")) {
    throw new Error(`without socket.io-adapter, the whole package does not say what it needs: ${whole.stderr}`);
  }
}

const SERVER_PROGRAM = `
const bus = bridge.memoryBus("check");
const adapter = bridge.createAdapter(bus);
const io = new socketio.Server({ adapter });
await adapter.ready();
const sender = emitter.createEmitter(bridge.memoryBus("check"));
const seen = new Promise((resolve) => adapter.onEmit(resolve));
await sender.emit("hello", 1);
const { event, args } = await seen;
if (event !== "hello" || args[0] !== 1) throw new Error("an emit did not arrive");
await Promise.all([sender.close(), io.sockets.adapter.close()]);
if (bridge.createEmitter !== emitter.createEmitter) throw new Error("there are two copies of the emitter");
if (typeof edge.createEdge !== "function") throw new Error("the edge is missing");
const buses = [redis.redisBus, kombuRedis.kombuRedisBus, rabbitmq.rabbitmqBus, kafka.kafkaBus, zmq.zmqBus];
if (buses.some((bus) => typeof bus !== "function")) throw new Error("a bus is missing");
for (const [url, name] of [
  ["amqp://localhost", "amqplib"],
  ["kafka://localhost", "@platformatic/kafka"],
  ["zmq+tcp://localhost:1+2", "zeromq"],
]) {
  try {
    bridge.createAdapter(url);
    throw new Error(url + " was taken without its package");
  } catch (error) {
    if (error.code !== "BRIDGE_MISSING_PACKAGE" || !error.message.endsWith("npm install " + name)) throw error;
  }
}
`;

const SERVER_MODULES = {
  bridge: "socketio-python-bridge",
  edge: "socketio-python-bridge/edge",
  emitter: "socketio-python-bridge/emitter",
  redis: "socketio-python-bridge/redis",
  kombuRedis: "socketio-python-bridge/kombu-redis",
  rabbitmq: "socketio-python-bridge/rabbitmq",
  kafka: "socketio-python-bridge/kafka",
  zmq: "socketio-python-bridge/zmq",
  socketio: "socket.io",
};

const cli = (project, args) =>
  spawnSync("npx", ["--no-install", "socketio-python-bridge", ...args], { cwd: project, encoding: "utf8" });

function checkCommandLine(project) {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const printed = cli(project, ["--version"]).stdout.trim();
  if (printed !== version) {
    throw new Error(`--version says ${printed}, the package is ${version}`);
  }
  const kit = cli(project, ["interop"]);
  if (kit.status !== 1 || !kit.stderr.includes("npm install socket.io-client")) {
    throw new Error(`interop does not say what it needs: ${kit.stderr}`);
  }
  install(project, ["socket.io-client"]);
  if (!cli(project, ["interop", "--help"]).stdout.includes("--requirements FILE")) {
    throw new Error("interop --help does not name its flags");
  }
  // As far as it comes without a broker: its programs are in the package, and an interpreter runs them.
  const away = cli(project, ["interop", "--queue", "redis://127.0.0.1:1", "--kind", "write-only"]);
  if (away.status !== 1 || !/is the broker running|python-socketio is not installed/.test(away.stderr)) {
    throw new Error(`interop does not say that there is no broker: ${away.stderr}`);
  }
  if (!existsSync(join(project, "node_modules/socketio-python-bridge/dist/src/server/live-page/index.html"))) {
    throw new Error("the live page is not in the package");
  }
}

/** `type` is that of the user's package.json. */
const TYPESCRIPT_PROJECTS = {
  "node10-commonjs": { type: "commonjs", module: "commonjs", moduleResolution: "node10", ignoreDeprecations: "6.0" },
  "node10-esnext": { type: "module", module: "esnext", moduleResolution: "node10", ignoreDeprecations: "6.0" },
  "node16-esm": { type: "module", module: "node16", moduleResolution: "node16" },
  "nodenext-esm": { type: "module", module: "nodenext", moduleResolution: "nodenext" },
  "nodenext-commonjs": { type: "commonjs", module: "nodenext", moduleResolution: "nodenext" },
  "bundler-esnext": { type: "module", module: "esnext", moduleResolution: "bundler" },
  "bundler-commonjs": { type: "commonjs", module: "commonjs", moduleResolution: "bundler" },
};

/** Compiles a user's program against the installed package, its declarations included, and runs what comes out. */
function checkTypes(project, program, configurations = TYPESCRIPT_PROJECTS) {
  for (const [name, { type, ...compilerOptions }] of Object.entries(configurations)) {
    const consumer = join(project, name);
    mkdirSync(consumer);
    writeJson(join(consumer, "package.json"), { private: true, type });
    writeFileSync(join(consumer, "consumer.ts"), program);
    writeJson(join(consumer, "tsconfig.json"), {
      compilerOptions: {
        ...{ target: "es2022", strict: true, esModuleInterop: true, outDir: "out", rootDir: "." },
        ...{ types: ["node"], typeRoots: [join(root, "node_modules/@types")] },
        ...compilerOptions,
      },
      files: ["consumer.ts"],
    });
    run(bin("tsc"), ["-p", consumer], root);
    run(process.execPath, [join(consumer, "out/consumer.js")], root);
  }
}

try {
  const { tarball, files } = pack();
  checkMetadata(tarball);
  checkEmitterAlone(tarball);
  const project = makeProject("server", [tarball, "socket.io"]);
  runBothWays(project, SERVER_MODULES, SERVER_PROGRAM);
  checkCommandLine(project);
  checkTypes(project, readFileSync("scripts/package-consumer.ts", "utf8"));
  console.info(`the package has ${files.length} files, and works with import, require(), npx and TypeScript`);
} finally {
  rmSync(directory, { recursive: true });
}
