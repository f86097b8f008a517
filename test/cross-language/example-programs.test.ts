import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { startRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { type RunningProcess, startProcess } from "../helpers/process.js";

/** The programs of `examples/`, started as `examples/README.md` says. */
const README = readFileSync("examples/README.md", "utf8");

/** They import the package by its name, which is `dist`. */
test.before(async () => {
  await promisify(execFile)("npm", ["run", "--silent", "build"]);
});

function startExample(t: ExecutionContext, name: string, env: NodeJS.ProcessEnv = {}): RunningProcess {
  const run = startProcess(t, process.execPath, ["examples/run.mjs", name, "--free-ports"], {
    env: { PYTHON: testEnvironment().python, ...env },
  });
  cleanUp(t, async () => {
    // SIGKILL, with which `startProcess` cleans up, would leave its programs behind.
    run.child.kill("SIGTERM");
    await run.exited();
  });
  return run;
}

/** @returns what the README shows of an example's output */
function documentedOutput(name: string): readonly string[] {
  const [, section = ""] = README.split(`\n## ${name}\n`);
  const [, block = ""] = /^```\n(.*?)\n```$/ms.exec(section.split("\n## ")[0] ?? "") ?? [];
  return block.split("\n");
}

for (const name of ["emit-from-workers", "rooms-and-acks", "recovery", "typed-emitter"]) {
  test.serial(`${name} prints what the README shows`, async (t) => {
    const run = startExample(t, name);
    t.is(await run.exited(), 0, run.stdout.items.join("\n"));
    t.deepEqual(
      run.stdout.items.filter((line) => /^client +\|/.test(line)),
      documentedOutput(name),
    );
    t.deepEqual(run.stderr.items, []);
  });
}

test.serial("chat: a message on either server reaches the clients of both", async (t) => {
  const redis = await startRedis(t);
  const run = startExample(t, "chat", { SOCKETIO_QUEUE: redis.url });
  const lines = [
    await run.stdout.find("the Node server's address", (line) => line.startsWith("node  | chat on")),
    await run.stdout.find("the Flask server's address", (line) => /^flask \|.*Running on/.test(line)),
  ];
  const [nodeUrl, flaskUrl] = lines.map((line) => /http:\/\/[\d.:]+/.exec(line)?.[0] ?? "") as [string, string];
  const page = await (await fetch(nodeUrl)).text();
  t.true(page.includes(`io("${flaskUrl}")`));

  const [onNode, onFlask] = await Promise.all([connectClient(t, nodeUrl), connectClient(t, flaskUrl)]);
  const observer = new Redis(redis.url);
  cleanUp(t, () => observer.disconnect());
  // Flask-SocketIO subscribes when its first client connects.
  for (let [, count] = [0, 0 as unknown]; Number(count) < 2; ) {
    [, count] = await observer.pubsub("NUMSUB", "flask-socketio");
  }
  await Promise.all([onNode.call("join", "lobby"), onFlask.call("join", "lobby")]);
  void onNode.call("post", "lobby", "one").catch(() => {});
  void onFlask.call("post", "lobby", "two").catch(() => {});
  const messages = [
    ["message", { server: "Node", text: "one" }],
    ["message", { server: "Flask", text: "two" }],
  ];
  await Promise.all([onNode, onFlask].flatMap((client) => messages.map((message) => client.find(message))));
  t.is(onNode.received().length + onFlask.received().length, 4);

  run.child.kill("SIGINT");
  t.is(await run.exited(), 0);
});

test.serial("an unknown example is an error that lists the examples", async (t) => {
  const run = startExample(t, "nothing");
  t.is(await run.exited(), 2);
  t.true(run.stderr.items.join("\n").includes("emit-from-workers"));
});

test.serial("the TypeScript example has no type errors", async (t) => {
  const run = startProcess(t, process.execPath, ["node_modules/typescript/bin/tsc", "-p", "examples"]);
  t.is(await run.exited(), 0, run.stdout.items.join("\n"));
});

test("the README has a section for each example", (t) => {
  const source = readFileSync("examples/run.mjs", "utf8");
  const [, table = ""] = /^const EXAMPLES = \{\n(.*?)^\};$/ms.exec(source) ?? [];
  const names = [...table.matchAll(/^ {2}"?([\w-]+)"?: \[$/gm)].map(([, name]) => name);
  t.is(names.length, 5);
  for (const name of [...names, "mixed-fleet"]) {
    t.true(README.includes(`\n## ${name}\n`), name);
  }
});
