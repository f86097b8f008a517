import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { startEmbeddedBroker } from "../../src/embedded/broker.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { describe, end, startFakeBackend } from "../helpers/fake-backend.js";
import { TABLE_BEGINNING } from "../helpers/handlers-table.js";
import { startCli, startServe } from "../helpers/process.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const SECRET = "a-secret-of-the-tests";
const ENVIRONMENT = { SOCKETIO_BRIDGE_SECRET: SECRET, NO_COLOR: "1" };

const APP = `export default (io) => {
  io.on("connection", (socket) => socket.on("say", () => {}));
  io.of("/admin").on("connection", (socket) => socket.on("ban", () => {}).on("disconnect", () => {}));
};
`;

/** An edge that serves `APP`, and Python's handlers for `join` and `say`, and for all in `/chat`. */
async function startEdge(t: ExecutionContext): Promise<string> {
  const broker = await startEmbeddedBroker();
  cleanUp(t, () => broker.close());
  const workers = await startFakeBackend(t, {
    description: describe({ "/": { events: ["join", "say"], any: false }, "/chat": { events: [], any: true } }),
  });
  const app = join(temporaryDirectory(t), "handlers.mjs");
  writeFileSync(app, APP);
  const args = ["--queue", broker.url, "--channel", "c", "--backend", workers.url, "--app", app];
  return (await startServe(t, args, ENVIRONMENT)).url;
}

test.serial("a running edge says who serves each event, by the clients that are connected to it", async (t) => {
  const edge = await startEdge(t);
  await connectClient(t, edge);
  const json = join(temporaryDirectory(t), "handlers.json");
  // That of a container names the workers and the application of `serve`.
  const environment = { ...ENVIRONMENT, SOCKETIO_BRIDGE_BACKEND: "http://nowhere.invalid", SOCKETIO_BRIDGE_APP: "x" };
  const command = startCli(t, ["handlers", "--edge", edge, "--json", json], environment);
  t.is(await command.exited(), 1, command.stderr.items.join("\n"));
  t.deepEqual(command.stdout.items, [
    ...TABLE_BEGINNING,
    "  /admin     connect          TypeScript",
    "             any other event  not seen",
    "             disconnect       not seen",
    "",
    "  /chat      connect          Python",
    "             any other event  Python (catch-all)",
    "             disconnect       Python",
    "",
    "  ! /admin: no client is connected to this edge here, and handlers belong to clients: connect one, or use --app",
    "",
  ]);
  t.is(JSON.parse(readFileSync(json, "utf8")).namespaces[0].events[1].servedBy, "both");

  await connectClient(t, edge, { namespace: "/admin" });
  const complete = startCli(t, ["handlers", "--edge", edge], ENVIRONMENT);
  t.is(await complete.exited(), 0, [...complete.stdout.items, ...complete.stderr.items].join("\n"));
  t.regex(complete.stdout.items.join("\n"), /ban +TypeScript\n +any other event +nobody\n +disconnect +TypeScript\n/);
});

test.serial("an edge tells nobody without the secret who serves what", async (t) => {
  const edge = await startEdge(t);
  const url = new URL("/socketio-bridge", edge);
  for (const authorization of ["", "Bearer", "Bearer ", `Bearer ${SECRET}x`, SECRET]) {
    const response = await fetch(url, { headers: { authorization } });
    t.is(response.status, 401);
    t.notRegex(await response.text(), /say|chat/);
  }
  const authorization = `Bearer ${SECRET}`;
  t.is((await fetch(url, { method: "POST", headers: { authorization } })).status, 404);
  const command = startCli(t, ["handlers", "--edge", edge], { SOCKETIO_BRIDGE_SECRET: "another" });
  t.is(await command.exited(), 1);
  t.regex(command.stderr.items.join("\n"), /status 401: give this command the SOCKETIO_BRIDGE_SECRET of the edge$/);
});

test.serial("what is no running edge is one clear line and exit code 1", async (t) => {
  const bare = await startServe(t, []);
  const [odd, elsewhere] = await Promise.all([
    startFakeBackend(t, { description: describe({}) }),
    startFakeBackend(t, { description: (response) => end(response.setHeader("Location", bare.url), "", 302) }),
  ]);
  for (const [url, message] of [
    ["http://127.0.0.1:1", /127\.0\.0\.1:1: (connect ECONNREFUSED|bad port)/],
    [bare.url, /status 404: is it `serve` with --backend/],
    [odd.url, /does not say who serves what: is it `serve` with --backend/],
    [elsewhere.url, /status 302$/],
  ] as const) {
    const command = startCli(t, ["handlers", "--edge", url], ENVIRONMENT);
    t.is(await command.exited(), 1);
    t.deepEqual(command.stdout.items, []);
    t.is(command.stderr.items.length, 1);
    t.regex(command.stderr.items[0] ?? "", message);
  }
});
