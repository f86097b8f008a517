import { execFile } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { createAdapter } from "../../src/adapter/create-adapter.js";
import { memoryBus } from "../../src/bus/memory.js";
import { openBus } from "../../src/bus/open.js";
import { createEmitter } from "../../src/emitter/create-emitter.js";
import { BridgeError } from "../../src/errors.js";
import { modulePath, nodeArguments } from "../helpers/run-from.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const KNOWN = [
  ...["redis://", "rediss://", "valkey://", "valkeys://", "unix://", "redis+sentinel://", "valkey+sentinel://"],
  ...["redis+cluster://", "rediss+cluster://", "valkey+cluster://", "valkeys+cluster://"],
  ...["kombu+redis://", "kombu+rediss://", "kombu+redis+socket://", "kombu+redis+sentinel://"],
  ...["amqp://", "amqps://", "kafka://", "zmq+tcp://", "memory://"],
];

test("the error for an unknown scheme lists the known ones, and shows no password", (t) => {
  const unknown = [
    ["http://user:secret@h", "http://user:***@h"],
    ["sqs://:secret@h", "sqs://:***@h"],
    ["zmq+ipc://h", "zmq+ipc://h"],
    ["kombu+amqp://:secret@h", "kombu+amqp://:***@h"],
    ["localhost:6379", "localhost:6379"],
    ["", ""],
  ] as const;
  for (const [url, shown] of unknown) {
    for (const create of [createAdapter, createEmitter]) {
      const error = t.throws(() => create(url), { instanceOf: BridgeError });
      t.is(error?.code, "BRIDGE_INVALID_URL");
      t.is(error?.message, `${shown} is not the URL of a broker; known are ${KNOWN.join(", ")}`);
    }
  }
});

/** A socket file needs a path, a cluster has no database but 0, and ZeroMQ needs two ports. */
function restOf(scheme: string): string {
  if (scheme.startsWith("zmq")) {
    return "127.0.0.1:5555+5556";
  }
  return scheme.includes("cluster") ? "127.0.0.1" : "127.0.0.1/1";
}

test("every known scheme opens its bus, in upper case too", async (t) => {
  for (const scheme of KNOWN) {
    const rest = restOf(scheme);
    for (const url of [scheme + rest, scheme.toUpperCase() + rest]) {
      const bus = openBus(url, "socketio", {});
      await bus.close();
      t.is(typeof bus.name, "string", url);
    }
  }
});

/** This package as it is after an install with these of the client libraries, and no others. */
function installWith(t: ExecutionContext, packages: readonly string[]): string {
  const directory = temporaryDirectory(t);
  cpSync(modulePath("src"), join(directory, "src"), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{"type": "module"}');
  for (const name of ["@msgpack/msgpack", "debug", "socket.io-adapter", ...packages]) {
    const link = join(directory, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(resolve("node_modules", name), link);
  }
  return directory;
}

async function run(program: string, directory: string): Promise<string> {
  const args = [...nodeArguments, "--input-type=module", "--eval", program];
  return (await promisify(execFile)(process.execPath, args, { cwd: directory })).stdout;
}

const missing = (scheme: string, name: string) => [
  "BridgeError",
  "BRIDGE_MISSING_PACKAGE",
  `${scheme}:// needs the package ${name}: npm install ${name}`,
];

test("a client library that is not installed is named when a URL needs it, and not before", async (t) => {
  const program = `
    import { createAdapter, createEmitter } from "./src/index.js";
    const errors = [];
    for (const create of [createAdapter, createEmitter]) {
      for (const url of ["amqp://:secret@h", "amqps://h", "kafka://h:9092", "zmq+tcp://h:1+2"]) {
        try {
          create(url);
        } catch ({ name, code, message }) {
          errors.push([name, code, message]);
        }
      }
    }
    await createEmitter("memory://").close();
    await createEmitter("redis://h").close();
    await createEmitter("kombu+redis://h").close();
    console.log(JSON.stringify(errors));`;
  const stdout = await run(program, installWith(t, ["ioredis"]));
  const each = [
    ...[missing("amqp", "amqplib"), missing("amqp", "amqplib")],
    ...[missing("kafka", "@platformatic/kafka"), missing("zmq+tcp", "zeromq")],
  ];
  t.deepEqual(JSON.parse(stdout), [...each, ...each]);
});

test("a client library that cannot be loaded is named with the reason", async (t) => {
  const directory = installWith(t, []);
  const broken = join(directory, "node_modules", "zeromq");
  mkdirSync(broken);
  writeFileSync(join(broken, "index.js"), 'throw new Error("addon.node: invalid ELF header");');
  const program = `
    import { createEmitter } from "./src/index.js";
    try {
      createEmitter("zmq+tcp://h:1+2");
    } catch ({ name, code, message }) {
      console.log(JSON.stringify([name, code, message]));
    }`;
  t.deepEqual(JSON.parse(await run(program, directory)), [
    "BridgeError",
    "BRIDGE_MISSING_PACKAGE",
    "zmq+tcp:// needs the package zeromq, which cannot be loaded: addon.node: invalid ELF header",
  ]);
});

test("without Redis, ioredis need not be there", async (t) => {
  const program = `
    import { createEmitter } from "./src/index.js";
    await createEmitter("memory://").close();
    await createEmitter("amqp://127.0.0.1:1", { logger: false }).close();
    const errors = [];
    for (const url of ["redis://:secret@h", "kombu+redis://h"]) {
      try {
        createEmitter(url);
      } catch ({ name, code, message }) {
        errors.push([name, code, message]);
      }
    }
    console.log(JSON.stringify(errors));`;
  const stdout = await run(program, installWith(t, ["amqplib"]));
  t.deepEqual(JSON.parse(stdout), [missing("redis", "ioredis"), missing("redis", "ioredis")]);
});

test("what is neither a URL nor a client nor a bus is refused", (t) => {
  for (const source of [undefined, null, 5, {}, { publish: () => {} }]) {
    for (const create of [createAdapter, createEmitter]) {
      const error = t.throws(() => create(source as unknown as string), { instanceOf: BridgeError });
      t.is(error?.code, "BRIDGE_INVALID_URL");
      t.regex(
        error?.message ?? "",
        /is neither the URL of a broker nor a Redis client nor a bus; is the variable set\?$/,
      );
    }
  }
});

test("what is mistaken for a URL is shown without its password", (t) => {
  for (const source of [new URL("redis://me:secret@h"), ["kafka://me:secret@h1", "kafka://me:secret@h2"]]) {
    const error = t.throws(() => createEmitter(source as unknown as string), { code: "BRIDGE_INVALID_URL" });
    t.false(error?.message.includes("secret"), error?.message);
  }
});

test("a bus that another adapter or emitter has is refused", async (t) => {
  const bus = memoryBus(t.title);
  const emitter = createEmitter(bus);
  t.throws(() => createAdapter(bus), {
    code: "BRIDGE_INVALID_OPTION",
    message: "this bus belongs to another adapter or emitter: make one for each",
  });
  await emitter.close();
});
