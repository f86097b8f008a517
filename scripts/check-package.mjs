/**
 * Packs the package and checks it as a user gets it: publint and attw on the tarball, then `require()`, `import` and the
 * command line in an empty project, on this version of Node.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = process.cwd();
const bin = (name) => join(root, "node_modules", ".bin", name);
const directory = mkdtempSync(join(tmpdir(), "package-"));

function run(command, args, cwd = directory) {
  console.info(`$ ${[command.replace(`${root}/`, ""), ...args].join(" ")}`);
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

const USE = `
const bus = bridge.memoryBus("check");
const adapter = bridge.createAdapter(bus);
const io = new socketio.Server({ adapter });
await adapter.ready();
const emitter = bridge.createEmitter(bridge.memoryBus("check"));
const seen = new Promise((resolve) => adapter.onEmit(resolve));
await emitter.emit("hello", 1);
const { event, args } = await seen;
if (event !== "hello" || args[0] !== 1) throw new Error("an emit did not arrive");
await Promise.all([emitter.close(), io.sockets.adapter.close()]);
const buses = [redis.redisBus, kombuRedis.kombuRedisBus, rabbitmq.rabbitmqBus, kafka.kafkaBus];
if (buses.some((bus) => typeof bus !== "function")) throw new Error("a bus is missing");
for (const [url, name] of [["amqp://localhost", "amqplib"], ["kafka://localhost", "@platformatic/kafka"]]) {
  try {
    bridge.createAdapter(url);
    throw new Error(url + " was accepted without its package");
  } catch (error) {
    if (error.code !== "BRIDGE_MISSING_PACKAGE" || !error.message.endsWith("npm install " + name)) throw error;
  }
}
`;

/** The names that the program above uses for the modules of the package. */
const MODULES = {
  bridge: "socketio-python-bridge",
  redis: "socketio-python-bridge/redis",
  kombuRedis: "socketio-python-bridge/kombu-redis",
  rabbitmq: "socketio-python-bridge/rabbitmq",
  kafka: "socketio-python-bridge/kafka",
  socketio: "socket.io",
};

const each = (write) =>
  Object.entries(MODULES)
    .map(([name, module]) => write(name, module))
    .join("\n");

try {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const [{ filename, files }] = JSON.parse(run("npm", ["pack", "--json", "--pack-destination", directory], root));
  const tarball = join(directory, filename);
  const unwanted = files
    .map(({ path }) => path)
    .filter((path) => !/^(dist\/|python-fixtures\/\w+\.py$|package\.json|README|LICENSE|CHANGELOG)/.test(path));
  if (unwanted.length > 0) {
    throw new Error(`the tarball contains ${unwanted.join(", ")}`);
  }
  console.info(run(bin("publint"), ["run", tarball, "--strict"]));
  console.info(run(bin("attw"), [tarball, "--profile", "esm-only", "--no-color"]));

  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true }));
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", tarball]);
  const imports = each((name, module) => `import * as ${name} from "${module}";`);
  writeFileSync(join(directory, "import.mjs"), `${imports}${USE}`);
  run(process.execPath, ["import.mjs"]);
  const requires = each((name, module) => `const ${name} = require("${module}");`);
  writeFileSync(join(directory, "require.cjs"), `${requires}(async () => {${USE}})();`);
  run(process.execPath, ["require.cjs"]);
  const printed = run("npx", ["--no-install", "socketio-python-bridge", "--version"]).trim();
  if (printed !== version) {
    throw new Error(`--version prints ${printed} instead of ${version}`);
  }
  const kit = spawnSync("npx", ["--no-install", "socketio-python-bridge", "interop"], {
    cwd: directory,
    encoding: "utf8",
  });
  if (kit.status !== 1 || !kit.stderr.includes("npm install socket.io-client")) {
    throw new Error(`interop does not name the missing package: ${kit.stderr}`);
  }
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", "socket.io-client"]);
  if (!run("npx", ["--no-install", "socketio-python-bridge", "interop", "--help"]).includes("--requirements FILE")) {
    throw new Error("interop --help does not name its flags");
  }
  // Without a broker it gets as far as running the Python programs of the package.
  const queue = ["--queue", "redis://127.0.0.1:1", "--kind", "write-only"];
  const unreachable = spawnSync("npx", ["--no-install", "socketio-python-bridge", "interop", ...queue], {
    cwd: directory,
    encoding: "utf8",
  });
  if (unreachable.status !== 1 || !/is the broker running|python-socketio is not installed/.test(unreachable.stderr)) {
    throw new Error(`interop does not report that there is no broker: ${unreachable.stderr}`);
  }
  if (!existsSync(join(directory, "node_modules/socketio-python-bridge/dist/src/server/live-page/index.html"))) {
    throw new Error("the live page is not in the package");
  }
  console.info(`${filename}: ${files.length} files, usable by import, require() and npx`);
} finally {
  rmSync(directory, { recursive: true });
}
