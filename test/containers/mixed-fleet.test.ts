import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { chromium } from "playwright-core";
import { io } from "socket.io-client";
import { freePort } from "../../scripts/environment/free-port.js";
import { findBrowser } from "../../scripts/environment/install.js";
import { connectClient, type TestClient, type Transport } from "../../src/testing/clients.js";
import type { Python } from "../../src/testing/python.js";
import { cleanUp } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { type ComposeProject, composeProject, docker, TEST_PROJECT_PREFIX, until } from "../helpers/compose.js";
import { containedPython } from "./matrix/row-container.js";

/** `docker-compose.yml`, driven as its users would. */
const SERVICES = ["redis", "flask-1", "flask-2", "celery", "node-1", "node-2", "workers", "edge", "nginx"];
/** By what the handler of `whoami` says: behind the edge, that is the workers. */
const HOSTS = ["flask-1", "flask-2", "node-1", "node-2", "workers"];
const TRANSPORTS: readonly Transport[] = ["polling", "websocket"];

let fleet: ComposeProject;
let url: string;
let python: Python;
let allPassed = true;

test.before(async (t) => {
  const port = await freePort();
  fleet = composeProject(`${TEST_PROJECT_PREFIX}${randomBytes(4).toString("hex")}`, "docker-compose.yml", {
    FLEET_PORT: String(port),
  });
  url = `http://127.0.0.1:${port}`;
  const start = Date.now();
  allPassed = false;
  // `prepare.ts` has built the images.
  await fleet.compose("up", "--detach");
  await until("nginx to answer", () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  allPassed = true;
  t.log(`up after ${Date.now() - start} ms`);
  python = containedPython(await fleet.container("flask-1"));
});

test.afterEach.always((t) => {
  allPassed &&= t.passed;
});

test.after.always("down leaves nothing behind", async (t) => {
  if (!allPassed) {
    t.log(await fleet.compose("logs", "--no-color", "--tail", "200"));
  }
  await fleet.compose("down", "--volumes", "--timeout", "5");
  t.deepEqual(await fleet.remains(), { containers: [], networks: [], volumes: [] });
});

interface Member {
  readonly client: TestClient;
  readonly host: string;
}

async function connect(t: ExecutionContext, kind: "js" | "python", transport: Transport): Promise<Member> {
  // A Python client runs in a container, where nginx has another address.
  const client = await connectClient(t, python, kind === "js" ? url : "http://nginx", { kind, transport });
  const { host } = (await client.call("whoami")) as { host: string };
  return { client, host };
}

/** A task for Celery. @param room - null is everyone */
async function enqueue(event: string, data: unknown, room: string | null): Promise<void> {
  const response = await fetch(`${url}/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ event, data, room }),
  });
  if (response.status !== 202) {
    throw new Error(`the task was answered with ${response.status} ${await response.text()}`);
  }
}

/** Each host delivers its own at once and those of others when they come: what arrives is the same, but not when. */
const sorted = (events: readonly (readonly unknown[])[]) => events.map((event) => JSON.stringify(event)).sort();

const countByHost = (members: readonly Member[]) =>
  HOSTS.map((name) => `${name}: ${members.filter(({ host }) => host === name).length}`).join(", ");

type HostKind = "flask" | "node" | "workers";

const isOn = (kind: HostKind) => (member: Member) => member.host.startsWith(kind);

/** nginx draws the host of each client, so this is how to come to one of a kind. */
async function memberOn(t: ExecutionContext, kind: HostKind): Promise<Member> {
  const member = await connect(t, "js", "websocket");
  return isOn(kind)(member) ? member : memberOn(t, kind);
}

test.serial("forty clients on Python and Node hosts each receive the emit of a Celery task once", async (t) => {
  const browsers = Array.from({ length: 40 }, (_, index) => connect(t, "js", TRANSPORTS[index % 2] as Transport));
  const programs = TRANSPORTS.map((transport) => connect(t, "python", transport));
  const members = await Promise.all([...browsers, ...programs]);
  t.log(countByHost(members));
  members.push(await memberOn(t, "workers"));
  const outsiders = [await memberOn(t, "flask"), await memberOn(t, "node"), await memberOn(t, "workers")];
  // Drawn by chance, which leaves one of the two without any once in 10^12 times.
  t.true(members.some(isOn("flask")) && members.some(isOn("node")), countByHost(members));
  await Promise.all(members.map(({ client }) => client.call("join", { room: "orders" })));

  await enqueue("order-shipped", { order: 7 }, "orders");
  // The worker runs one task after the other, and its emits take one path.
  await enqueue("the end", null, null);
  for (const { client } of members) {
    t.deepEqual(await client.until("the end"), [["order-shipped", { order: 7 }]]);
  }
  for (const { client } of outsiders) {
    t.deepEqual(await client.until("the end"), []);
  }

  const senders = [members.find(isOn("flask")), members.find(isOn("node")), members.at(-1)] as Member[];
  const messages = [];
  for (const { client, host } of senders) {
    t.deepEqual(await client.call("say", { room: "orders", text: host }), { said: host });
    messages.push(["message", { sid: client.sid, room: "orders", text: host }]);
  }
  for (const { client } of members) {
    await Promise.all(messages.map((message) => client.find(message)));
  }
  await enqueue("the very end", null, null);
  const expected = [["order-shipped", { order: 7 }], ["the end"], ...messages];
  for (const { client } of members) {
    t.deepEqual(sorted(await client.until("the very end")), sorted(expected));
  }
  for (const { client } of outsiders) {
    t.deepEqual(await client.until("the very end"), [["the end"]]);
  }
});

test.serial("a client of one kind of host asks a client of the other, and gets its acknowledgement", async (t) => {
  const [onPython, onNode] = [await memberOn(t, "flask"), await memberOn(t, "node")];
  await onPython.client.acknowledgeWith("from Python's client");
  await onNode.client.acknowledgeWith("from Node's client");
  const ask = (asking: Member, asked: Member) => asking.client.call("ask", { sid: asked.client.sid, question: "who?" });
  t.is(await ask(onPython, onNode), "from Node's client");
  t.is(await ask(onNode, onPython), "from Python's client");
  t.deepEqual(onNode.client.received(), [["question", "who?"]]);
  t.deepEqual(onPython.client.received(), [["question", "who?"]]);
  const behindEdge = await memberOn(t, "workers");
  await behindEdge.client.acknowledgeWith("from the edge's client");
  t.is(await ask(behindEdge, onNode), "from Node's client");
  t.is(await ask(onNode, behindEdge), "from the edge's client");
  t.is(await ask(onPython, behindEdge), "from the edge's client");
});

/** Asks for the host with a name in the address, without a cookie. */
async function hostOf(t: ExecutionContext, client: string, transport: Transport): Promise<string> {
  const socket = io(url, { query: { client }, transports: [transport], forceNew: true, reconnection: false });
  cleanUp(t, () => socket.disconnect());
  socket.connect();
  const { host } = await withTimeout(`the host of client ${client}`, socket.emitWithAck("whoami"));
  return host;
}

test.serial("a client that sends its name is routed to the same host again, over either transport", async (t) => {
  const names = Array.from({ length: 8 }, (_, index) => String(index + 1));
  const [polling, websocket] = await Promise.all(
    TRANSPORTS.map((transport) => Promise.all(names.map((name) => hostOf(t, name, transport)))),
  );
  t.deepEqual(polling, websocket);
  t.deepEqual([...new Set(polling)].sort(), HOSTS);
});

test.serial(
  "on the page, eight clients on all hosts receive each other's messages and those of a Celery task",
  async (t) => {
    const browser = await chromium.launch({ executablePath: findBrowser() as string, args: ["--no-sandbox"] });
    cleanUp(t, () => browser.close());
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    await page.goto(url);
    await page.getByTestId("state").getByText("8 of 8 clients connected").waitFor();
    t.is(await page.getByTestId("host").count(), HOSTS.length);
    await page.getByTestId("client").filter({ hasText: "2 websocket" }).click();
    await page.getByRole("button", { name: "Send" }).first().click();
    const messages = page.getByTestId("message");
    await messages.filter({ hasText: /from client 2 on flask-1\s*received by 8 of 8 clients/ }).waitFor();
    await page.getByRole("button", { name: "Celery" }).click();
    await messages.filter({ hasText: /from a task\s*received by 8 of 8 clients/ }).waitFor();
    t.is(await messages.count(), 2);
    mkdirSync("build/screenshots", { recursive: true });
    await page.screenshot({ path: "build/screenshots/fleet.png", fullPage: true });
    t.deepEqual(problems, []);
  },
);

/** The commands of the page, each on one line. */
function commandsThat(emit: RegExp): readonly string[] {
  const text = readFileSync("docs/fleet.md", "utf8").replaceAll("\\\n", " ");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.split("\n"));
  return blocks.filter((line) => emit.test(line));
}

test.serial("the commands of docs/fleet.md emit what the page shows", async (t) => {
  const client = await connectClient(t, python, url);
  await client.call("join", { room: "lobby" });
  for (const command of commandsThat(/enqueue|emit|\/tasks/)) {
    await fleet.shell(command.replace("http://127.0.0.1:8080", url));
  }
  const texts = ["from a Celery task", "from curl", "from a shell", "from Node"];
  await Promise.all(texts.map((text) => client.find(["message", { text: `hello ${text}` }])));
  t.is(client.received().length, texts.length);
});

test.serial("every service is found healthy", async (t) => {
  for (const service of SERVICES) {
    const container = await fleet.container(service);
    const health = async () => (await docker("inspect", "--format", "{{.State.Health.Status}}", container)).trim();
    await until(`${service} to be healthy`, async () => (await health()) === "healthy");
  }
  t.pass();
});
