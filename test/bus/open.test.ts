import { execFile } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { openBus } from "../../src/bus/open.js";
import { BridgeError } from "../../src/errors.js";
import { createAdapter, createEmitter } from "../../src/index.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const KNOWN = [
  ...["redis://", "rediss://", "valkey://", "valkeys://", "unix://", "redis+sentinel://", "valkey+sentinel://"],
  ...["kombu+redis://", "kombu+rediss://", "kombu+redis+socket://", "kombu+redis+sentinel://"],
  ...["amqp://", "amqps://", "kafka://", "memory://"],
];

test("an unknown scheme is told all that are known, and no password", (t) => {
  const unknown = [
    ["http://user:secret@h", "http://user:***@h"],
    ["sqs://:secret@h", "sqs://:***@h"],
    ["zmq+tcp://h", "zmq+tcp://h"],
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

test("every known scheme makes its bus, written in capitals as well", async (t) => {
  for (const scheme of KNOWN) {
    for (const url of [`${scheme}127.0.0.1`, `${scheme.toUpperCase()}127.0.0.1`]) {
      const bus = openBus(url, "socketio", {});
      await bus.close();
      t.is(typeof bus.name, "string", url);
    }
  }
});

/** This package as it is after an install without the optional packages. */
function installWithout(t: ExecutionContext): string {
  const directory = temporaryDirectory(t);
  cpSync("build/src", join(directory, "src"), { recursive: true });
  writeFileSync(join(directory, "package.json"), '{"type": "module"}');
  for (const name of ["ioredis", "@msgpack/msgpack", "debug", "socket.io-adapter"]) {
    const link = join(directory, "node_modules", name);
    mkdirSync(join(link, ".."), { recursive: true });
    symlinkSync(resolve("node_modules", name), link);
  }
  return directory;
}

test("a client library that is not installed is named, when a URL asks for it and not before", async (t) => {
  const program = `
    import { createAdapter, createEmitter } from "./src/index.js";
    const told = [];
    for (const create of [createAdapter, createEmitter]) {
      for (const url of ["amqp://:secret@h", "amqps://h", "kafka://h:9092"]) {
        try {
          create(url);
        } catch ({ name, code, message }) {
          told.push([name, code, message]);
        }
      }
    }
    await createEmitter("memory://").close();
    await createEmitter("redis://h").close();
    await createEmitter("kombu+redis://h").close();
    console.log(JSON.stringify(told));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: installWithout(t),
  });
  const missing = (scheme: string, name: string) => [
    "BridgeError",
    "BRIDGE_MISSING_PACKAGE",
    `${scheme}:// needs the package ${name}: npm install ${name}`,
  ];
  const each = [missing("amqp", "amqplib"), missing("amqp", "amqplib"), missing("kafka", "@platformatic/kafka")];
  t.deepEqual(JSON.parse(stdout), [...each, ...each]);
});
