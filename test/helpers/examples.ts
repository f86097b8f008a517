import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import typescript from "typescript";
import { moduleUrl } from "./run-from.js";

/** Where the examples are put to run: inside the checkout, so that they find its packages. */
const DIRECTORY = "build/examples";

export interface Example {
  readonly page: string;
  /** From the comment in its first line. */
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a page whose first line names a file: `// server.ts` or `# task.py`. */
export function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```(\w+)\n(?:\/\/|#) ([\w-]+\.\w+)\n(.*?)^```/gms)].map(
    ([, language = "", name = "", code = ""]) => ({ page, name, language, code }),
  );
}

/** How many blocks of the page are code of these languages. */
export function countBlocks(page: string, languages: readonly string[]): number {
  const text = readFileSync(page, "utf8");
  return [...text.matchAll(/^```(\w+)$/gm)].filter(([, language]) => languages.includes(language ?? "")).length;
}

/** The brokers that the pages name. */
const SHOWN_QUEUE =
  /redis:\/\/localhost:6379|amqp:\/\/guest:guest@localhost:5672\/\/|kafka:\/\/localhost:9092|zmq\+tcp:\/\/localhost:5555\+5556/g;

/** What has to be different in a test: where the broker and the package are, and which ports are free. */
function adapt(code: string, queue: string, port: number): string {
  const module = (path: string) => JSON.stringify(moduleUrl(path).href);
  const queuePort = /:(\d+)/.exec(queue)?.[1] ?? "";
  return code
    .replaceAll(SHOWN_QUEUE, queue)
    .replaceAll('host: "localhost", port: 6379', `host: "127.0.0.1", port: ${queuePort}`)
    .replaceAll("3000", String(port))
    .replaceAll('"socketio-python-bridge"', module("src/index.ts"))
    .replaceAll('"socketio-python-bridge/edge"', module("src/edge/index.ts"))
    .replaceAll('"socketio-python-bridge/emitter"', module("src/emitter/index.ts"))
    .replaceAll('"socketio-python-bridge/redis"', module("src/bus/redis/redis-bus.ts"));
}

/** @returns the file to run */
export function writeExample(example: Example, queue: string, port = 0): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const adapted = adapt(example.code, queue, port);
  const isPython = example.language === "python";
  const code = isPython
    ? adapted
    : typescript.transpileModule(adapted, { compilerOptions: { target: 99, module: 99 } }).outputText;
  const file = join(DIRECTORY, `${port}-${example.name.replace(/\.ts$|\.mjs$/, ".mjs")}`);
  writeFileSync(file, code);
  return resolve(file);
}

/** All TypeScript examples as modules that the compiler can check against the package's own types. */
export function typeErrors(examples: readonly Example[]): readonly string[] {
  const directory = resolve(DIRECTORY, "types");
  mkdirSync(directory, { recursive: true });
  const files = examples.map((example) => {
    const file = join(directory, `${example.page.replaceAll("/", "-")}-${example.name}`);
    // The imports, and what they name, are real; an example that only shows a call is still a module.
    writeFileSync(file, `${example.code}\nexport {};\n`);
    return file;
  });
  const { config } = typescript.readConfigFile("tsconfig.json", typescript.sys.readFile);
  const { options } = typescript.parseJsonConfigFileContent(config, typescript.sys, process.cwd());
  const program = typescript.createProgram(files, {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    paths: {
      "socketio-python-bridge": [resolve("src/index.ts")],
      "socketio-python-bridge/edge": [resolve("src/edge/index.ts")],
      "socketio-python-bridge/emitter": [resolve("src/emitter/index.ts")],
      "socketio-python-bridge/redis": [resolve("src/bus/redis/redis-bus.ts")],
    },
  });
  return typescript
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file?.fileName.startsWith(directory))
    .map(({ file, messageText }) => `${file?.fileName}: ${typescript.flattenDiagnosticMessageText(messageText, "\n")}`);
}
