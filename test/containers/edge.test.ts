import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { io, type Socket } from "socket.io-client";
import { freePort } from "../../scripts/environment/free-port.js";
import { cleanUp, ManualScope } from "../../src/testing/scope.js";
import { withTimeout } from "../../src/testing/with-timeout.js";
import { type ComposeProject, composeProject, docker, TEST_PROJECT_PREFIX, until } from "../helpers/compose.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

/** `examples/edge/compose.yml`: nginx, the edge of `Dockerfile`, and two workers of gunicorn. */
const IMAGE = "socketio-python-bridge";
const SECRET = randomBytes(32).toString("hex");

let project: ComposeProject;
let url: string;
let allPassed = false;
const files = new ManualScope();

test.before(async (t) => {
  const port = await freePort();
  url = `http://localhost:${port}`;
  const secret = join(temporaryDirectory(files), "secret");
  writeFileSync(secret, `${SECRET}\n`);
  const name = `${TEST_PROJECT_PREFIX}${randomBytes(4).toString("hex")}`;
  project = composeProject(name, "examples/edge/compose.yml", {
    EDGE_PORT: String(port),
    EDGE_ORIGIN: url,
    EDGE_SECRET_FILE: secret,
  });
  const start = Date.now();
  // `prepare.ts` has built the images.
  await project.compose("up", "--detach");
  await until("nginx to answer", () => online().then(Boolean, () => false));
  allPassed = true;
  t.log(`up after ${Date.now() - start} ms`);
});

test.afterEach.always((t) => {
  allPassed &&= t.passed;
});

test.after.always("down leaves nothing behind", async (t) => {
  if (!allPassed) {
    t.log(await project.compose("logs", "--no-color", "--tail", "200"));
  }
  await project.compose("down", "--volumes", "--timeout", "5");
  await files.end();
  t.deepEqual(await project.remains(), { containers: [], networks: [], volumes: [] });
});

interface Online {
  readonly online: number;
  readonly address: string;
}

/** From a view of the application. */
async function online(): Promise<Online> {
  const response = await fetch(`${url}/online`, { headers: { "X-Forwarded-For": "198.51.100.1" } });
  return (await response.json()) as Online;
}

async function connect(t: ExecutionContext, options: object): Promise<Socket> {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  cleanUp(t, () => socket.disconnect());
  const connected = new Promise<void>((done, fail) => socket.once("connect", done).once("connect_error", fail));
  await withTimeout("the client to connect", connected);
  return socket;
}

const ask = (socket: Socket, event: string, ...args: readonly unknown[]): Promise<unknown> =>
  withTimeout(`the acknowledgement of ${event}`, socket.emitWithAck(event, ...args));

const nextOf = (socket: Socket, event: string): Promise<unknown> =>
  withTimeout(event, new Promise((resolve) => socket.once(event, resolve)));

const inspect = async (format: string, what: string): Promise<string> =>
  (await docker("inspect", "--format", format, what)).trim();

const edge = (): Promise<string> => project.container("edge");

for (const transport of ["polling", "websocket"] as const) {
  test.serial(`over ${transport}, the application serves the events of a client, with a session`, async (t) => {
    const socket = await connect(t, { transports: [transport] });
    for (const joined of [1, 2, 3]) {
      t.is(await ask(socket, "join", { room: `room ${joined}` }), joined);
    }
    const said = nextOf(socket, "said");
    socket.emit("say", { room: "room 2", text: "hello" });
    t.is(await said, "hello");
  });
}

test.serial("both workers of gunicorn serve events", async (t) => {
  // One client after the other would stay on the connection to one worker.
  const sockets = await Promise.all(Array.from({ length: 20 }, () => connect(t, { transports: ["websocket"] })));
  const workers = new Set<unknown>();
  await until("both workers to have served one", async () => {
    const answers = await Promise.all(sockets.map((socket) => ask(socket, "whoami")));
    for (const { worker } of answers as { worker: number }[]) {
      workers.add(worker);
    }
    return workers.size === 2;
  });
  t.pass();
});

test.serial("nginx passes the upgrade of a polling client on", async (t) => {
  const socket = await connect(t, {});
  const { engine } = socket.io;
  if (engine.transport.name === "polling") {
    await withTimeout("the upgrade", new Promise((resolve) => engine.once("upgrade", resolve)));
  }
  t.is(engine.transport.name, "websocket");
  t.is(await ask(socket, "join", { room: "r" }), 1);
});

test.serial("handlers and views get the client's address, whatever it says of itself", async (t) => {
  // What connects from this machine comes from the gateway of the containers' network.
  const gateway = await inspect("{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}", await edge());
  t.is((await online()).address, gateway);
  for (const transport of ["polling", "websocket"]) {
    const socket = await connect(t, { transports: [transport], extraHeaders: { "X-Forwarded-For": "198.51.100.1" } });
    t.is(((await ask(socket, "whoami")) as { address: string }).address, gateway);
  }
});

test.serial("what a view and what another host emit arrives", async (t) => {
  const socket = await connect(t, {});
  const announced = nextOf(socket, "said");
  t.is((await fetch(`${url}/announce`, { method: "POST", body: "to all" })).status, 202);
  t.is(await announced, "to all");
  const emitted = nextOf(socket, "said");
  const emit = ["emit", "said", '"from Node"', "--queue", "redis://redis:6379", "--channel", "flask-socketio"];
  await project.compose("exec", "-T", "edge", "node", "dist/src/cli/main.js", ...emit);
  t.is(await emitted, "from Node");
});

test.serial("nobody outside calls the workers, and pages of other origins do not connect", async (t) => {
  const authorization = `Bearer ${SECRET}`;
  for (const method of ["GET", "POST"]) {
    t.is((await fetch(`${url}/socketio-bridge`, { method, headers: { authorization } })).status, 404);
  }
  const polling = (origin: string) =>
    fetch(`${url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } }).then(({ status }) => status);
  t.is(await polling(url), 200);
  t.is(await polling("https://other.example"), 400);
});

test.serial("the edge is healthy, is not root, writes nothing, and keeps its secret in a file", async (t) => {
  const container = await edge();
  await until("healthy", async () => (await inspect("{{.State.Health.Status}}", container)) === "healthy");
  t.is(await docker("exec", container, "id", "-un"), "node\n");
  t.is(await inspect("{{.HostConfig.ReadonlyRootfs}}", container), "true");
  t.false((await docker("inspect", container)).includes(SECRET));
  t.false((await docker("top", container)).includes(SECRET));
  t.false((await project.compose("logs", "--no-color")).includes(SECRET));
});

test.serial("the image has the client of each broker, and is as small as the page says", async (t) => {
  t.regex(await docker("run", "--rm", IMAGE, "--help"), /--trust-proxy/);
  const load = 'await Promise.all(["ioredis", "amqplib", "@platformatic/kafka", "zeromq"].map((name) => import(name)))';
  await docker("run", "--rm", "--entrypoint", "node", IMAGE, "--input-type=module", "--eval", load);
  const [image, base] = await Promise.all([IMAGE, "node:24-slim"].map((name) => inspect("{{.Size}}", name)));
  const added = (Number(image) - Number(base)) / 1e6;
  t.log(`${added.toFixed(1)} MB more than node:24-slim`);
  const [, said] = /(\d+) MB on top of `node:24-slim`/.exec(readFileSync("docs/edge.md", "utf8")) ?? [];
  t.true(added <= Number(said));
});

test.serial("on SIGTERM the handlers of all clients run before the edge ends, in time and with 0", async (t) => {
  await until("the clients of earlier tests to be gone", async () => (await online()).online === 0);
  const transports = Array.from({ length: 20 }, (_, index) => [index % 2 === 0 ? "polling" : "websocket"]);
  const sockets = await Promise.all(transports.map((names) => connect(t, { transports: names })));
  t.is((await online()).online, sockets.length);
  const gone = sockets.map((socket) => nextOf(socket, "disconnect"));
  const container = await edge();
  await project.compose("stop", "edge");
  await Promise.all(gone);
  // Docker's 137 if it had to be killed.
  t.is(await inspect("{{.State.ExitCode}}", container), "0");
  t.is((await online()).online, 0);
  await project.compose("start", "edge");
  await until("healthy", async () => (await inspect("{{.State.Health.Status}}", container)) === "healthy");
  t.is(await ask(await connect(t, {}), "join", { room: "r" }), 1);
});
