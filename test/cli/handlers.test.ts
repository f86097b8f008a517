import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { describe, end, FAKE_SECRET, startFakeBackend } from "../helpers/fake-backend.js";
import { TABLE_BEGINNING } from "../helpers/handlers-table.js";
import { startCli } from "../helpers/process.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const ENVIRONMENT = { SOCKETIO_BRIDGE_SECRET: FAKE_SECRET, NO_COLOR: "1" };

const APP = `export default (io) => {
  io.on("connection", (socket) => {
    console.log("a line of the application");
    socket.on("say", () => {});
  });
  io.of("/admin").use((socket, next) => next(socket.handshake.auth.token === "t" ? undefined : new Error("who?")));
  io.of("/admin").on("connection", (socket) => socket.on("ban", () => {}));
  io.of(/^\\/room-\\d$/).on("connection", (socket) => socket.on("move", () => {}));
  setInterval(() => {}, 1_000);
};
`;

function writeApp(t: ExecutionContext): string {
  const path = join(temporaryDirectory(t), "handlers.mjs");
  writeFileSync(path, APP);
  return path;
}

test.serial("handlers prints who serves each event, and ends though the application goes on", async (t) => {
  const workers = await startFakeBackend(t, {
    description: describe({
      "/": { events: ["join", "say"], any: false },
      "/chat": { events: ["evil\u001b[31m"], any: true },
    }),
  });
  const flags = ["--backend", workers.url, "--app", writeApp(t)];
  const json = join(temporaryDirectory(t), "handlers.json");
  const more = ["--auth", '{"token": "t"}', "--namespace", "/room-1", "--json", json];
  const command = startCli(t, ["handlers", ...flags, ...more], ENVIRONMENT);
  t.is(await command.exited(), 0, command.stderr.items.join("\n"));
  t.deepEqual(command.stdout.items, [
    "a line of the application",
    ...TABLE_BEGINNING,
    "  /admin     connect          TypeScript",
    "             ban              TypeScript",
    "             any other event  nobody",
    "             disconnect       no handler",
    "",
    "  /chat      connect          Python",
    "             evil\\u001b[31m   Python",
    "             any other event  Python (catch-all)",
    "             disconnect       Python",
    "",
    "  /room-1    connect          TypeScript",
    "             move             TypeScript",
    "             any other event  nobody",
    "             disconnect       no handler",
    "",
  ]);
  const { namespaces, notes } = JSON.parse(readFileSync(json, "utf8"));
  t.deepEqual(notes, []);
  t.deepEqual(namespaces[0], {
    namespace: "/",
    isSeen: true,
    connect: "both",
    events: [
      { event: "join", servedBy: "Python" },
      { event: "say", servedBy: "both" },
    ],
    otherEvents: "nobody",
    disconnect: "Python",
  });
  t.deepEqual(
    workers.requests.map(({ method }) => method),
    ["GET"],
  );
});

test.serial("handlers that cannot be seen are told, and the exit code is 1", async (t) => {
  const command = startCli(t, ["handlers", "--app", writeApp(t)], ENVIRONMENT);
  t.is(await command.exited(), 1);
  const output = command.stdout.items.join("\n");
  t.regex(output, /\/admin +connect +TypeScript\n +any other event +not seen/);
  t.regex(output, /! \/admin: a middleware does not let the client in \("who\?"\); try --auth/);
});

test.serial("the secret is also read from a file, and several backends are compared", async (t) => {
  const [one, other] = await Promise.all([
    startFakeBackend(t, { description: describe({ "/": { events: ["old"], any: false } }, "1") }),
    startFakeBackend(t, { description: describe({ "/": { events: ["new"], any: false } }, "2") }),
  ]);
  const secret = join(temporaryDirectory(t), "secret");
  writeFileSync(secret, `${FAKE_SECRET.replaceAll(" ", "-")}\n`);
  const flags = ["--backend", one.url, "--backend", other.url, "--secret-file", secret];
  const command = startCli(t, ["handlers", ...flags], { NO_COLOR: "1" });
  t.is(await command.exited(), 1);
  const output = command.stdout.items.join("\n");
  t.regex(output, /new +Python\n +old +Python\n/);
  t.regex(output, /! the backends handle different events: is a redeploy running\?/);
  t.deepEqual(
    one.requests.map(({ authorization }) => authorization),
    [`Bearer ${FAKE_SECRET.replaceAll(" ", "-")}`],
  );
});

test.serial("a worker that does not answer is one clear line and exit code 1", async (t) => {
  const refusing = await startFakeBackend(t, { description: (response) => end(response, "", 401) });
  for (const [url, message] of [
    ["http://127.0.0.1:1", /127\.0\.0\.1:1: connect ECONNREFUSED/],
    [refusing.url, /status 401: give the edge and the workers the same SOCKETIO_BRIDGE_SECRET/],
  ] as const) {
    const command = startCli(t, ["handlers", "--backend", url], ENVIRONMENT);
    t.is(await command.exited(), 1);
    t.deepEqual(command.stdout.items, []);
    t.is(command.stderr.items.length, 1);
    t.regex(command.stderr.items[0] ?? "", message);
  }
});

for (const [what, args, message] of [
  ["neither workers nor an application", [], /handlers needs --edge, --backend, --app, or the last two/],
  ["a positional argument", ["app.mjs"], /handlers takes no argument app\.mjs; is it meant for --app\?/],
  ["an application that is not there", ["--app", "nowhere.mjs"], /--app nowhere\.mjs cannot be loaded/],
  ["auth that is not JSON", ["--app", "x", "--auth", "hunter2"], /--auth takes an object as JSON/],
  ["a certificate that is not there", ["--backend", "https://h", "--backend-ca", "no"], /--backend-ca cannot be read/],
  ["an edge that is no URL", ["--edge", "127.0.0.1:1"], /the edge "127\.0\.0\.1:1" is not an http or https URL/],
  ["a backend that is no URL", ["--backend", "127.0.0.1:1"], /is not an http or https URL/],
] as const) {
  test.serial(`${what} is one clear line and exit code 2`, async (t) => {
    const command = startCli(t, ["handlers", ...args], ENVIRONMENT);
    t.is(await command.exited(), 2);
    t.deepEqual(command.stdout.items, []);
    t.is(command.stderr.items.length, 1);
    t.regex(command.stderr.items[0] ?? "", message);
    t.notRegex(command.stderr.items[0] ?? "", /hunter2/);
  });
}
