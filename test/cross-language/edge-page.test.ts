import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { connectClient, connectPatiently } from "../helpers/clients.js";
import { type Example, examplesOf, writeExample } from "../helpers/examples.js";
import { startCli, startNode, startProcess } from "../helpers/process.js";
import { EDGE_SECRET, edgeEnvironment, startEdge } from "../helpers/python-workers.js";
import { testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** What `docs/edge.md` shows: its programs, and the commands that start them. */

const test = testWithBroker(launchRedis);

const PAGE = "docs/edge.md";
const TEXT = readFileSync(PAGE, "utf8").replaceAll(/ \\\n\s*/g, " ");

function example(page: string, name: string): Example {
  const found = examplesOf(page).find((each) => each.name === name);
  if (found === undefined) {
    throw new Error(`${page} does not show ${name}`);
  }
  return found;
}

/** The words of the one command that begins so. */
function command(start: string): readonly string[] {
  const [line = ""] = TEXT.split("\n").filter((each) => each.trim().startsWith(start));
  return [...line.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

test("an application is behind the edge by the commands of the page, and its handlers move one by one", async (t) => {
  const queue = t.context.url;
  const directory = temporaryDirectory(t);
  copyFileSync(writeExample(example("docs/edge.md", "app.py"), queue), join(directory, "app.py"));
  const [, ...gunicorn] = command("gunicorn ");
  const address = `127.0.0.1:${await freePort()}`;
  const workers = startProcess(
    t,
    testEnvironment().python,
    ["-m", "gunicorn", ...gunicorn.map((word) => (word === "127.0.0.1:8000" ? address : word))],
    { cwd: directory, env: edgeEnvironment({}) },
  );
  await workers.stderr.find("a worker", (line) => line.includes("Booting worker"));

  const [, , , ...serve] = command("npx socketio-python-bridge serve");
  const args = serve
    .map((word) => word.replace("redis://localhost:6379", queue).replace("127.0.0.1:8000", address))
    .filter((word, index) => word !== "--port" && serve[index - 1] !== "--port");
  const edge = await startEdge(t, args);
  const client = await connectClient(t, edge.url);
  t.is(await client.call("join", "lobby"), 1);
  t.is(await client.call("join", "lobby"), 2);
  void client.call("say", "lobby", "hello").catch(() => {});
  await client.find(["said", "hello"]);
  edge.child.kill("SIGTERM");
  t.is(await edge.exited(), 0);

  const handlers = join(directory, "handlers.mjs");
  writeFileSync(handlers, example("docs/edge.md", "handlers.mjs").code);
  const [, , ...question] = command("npx socketio-python-bridge handlers");
  const words = question.map((word) => word.replace("127.0.0.1:8000", address).replace("./handlers.mjs", handlers));
  const answer = startCli(t, words, { SOCKETIO_BRIDGE_SECRET: EDGE_SECRET, NO_COLOR: "1" });
  t.is(await answer.exited(), 0, answer.stderr.items.join("\n"));
  t.true(
    TEXT.includes(`\`\`\`text${answer.stdout.items.join("\n").trimEnd()}\n\`\`\``),
    answer.stdout.items.join("\n"),
  );

  const moved = await startEdge(t, [...args, "--app", handlers]);
  const other = await connectClient(t, moved.url);
  t.is(await other.call("join", "lobby"), 1);
  void other.call("say", "lobby", "hello").catch(() => {});
  await other.find(["said", "HELLO"]);
  moved.child.kill("SIGTERM");
  t.is(await moved.exited(), 0);

  const port = await freePort();
  const file = writeExample(example("docs/edge.md", "edge.ts"), queue, port);
  writeFileSync(file, readFileSync(file, "utf8").replace("127.0.0.1:8000", address));
  const own = startNode(t, [file], { env: { SOCKETIO_BRIDGE_SECRET: EDGE_SECRET } });
  const third = await connectPatiently(t, `http://127.0.0.1:${port}`);
  t.is(await third.call("join", "lobby"), 1);
  void third.call("say", "lobby", "hello").catch(() => {});
  await third.find(["said", "hello"]);
  own.child.kill("SIGTERM");
  t.is(await own.exited(), 0);
});
