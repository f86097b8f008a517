import { createServer } from "node:http";
import test from "ava";
import { Redis } from "ioredis";
import { io as connect } from "socket.io-client";
import { createEmitter } from "../../src/index.js";
import { cleanUp } from "../../src/testing/scope.js";
import { connectClient } from "../helpers/clients.js";
import { startMuteServer } from "../helpers/mute-server.js";
import { frameOf, REAL_PICKLES, type RealPickle } from "../helpers/pickles.js";
import { startCli, startServe } from "../helpers/process.js";
import { statusOf, UPGRADE } from "../helpers/raw-request.js";

test.serial("serve starts an embedded broker, says so, and prints Python code that reaches it", async (t) => {
  const server = await startServe(t, ["--channel", "flask-socketio"]);
  const client = await connectClient(t, server.url);
  const emitter = createEmitter(server.queue, { channel: "flask-socketio" });
  cleanUp(t, () => emitter.close());
  await emitter.emit("hello", 1);
  await emitter.emit("the end");
  t.deepEqual(await client.until("the end"), [["hello", 1]]);
  const output = server.stdout.items.join("\n");
  t.regex(output, /embedded broker, for development only/);
  t.true(
    output.includes(`manager = socketio.RedisManager("${server.queue}", channel="flask-socketio", write_only=True)`),
  );
});

test.serial("several channels are read", async (t) => {
  const server = await startServe(t, ["--channel", "one", "--channel", "two"]);
  const client = await connectClient(t, server.url);
  for (const channel of ["one", "two"]) {
    const emitter = createEmitter(server.queue, { channel });
    cleanUp(t, () => emitter.close());
    await emitter.emit(`on ${channel}`);
    await client.until(`on ${channel}`);
  }
  t.deepEqual(client.received(), [["on one"], ["on two"]]);
});

test.serial("a flag enables reading the data of pickles, and a variable sets the dialect", async (t) => {
  const environment = { SOCKETIO_BRIDGE_DIALECT: "5.13" };
  const server = await startServe(t, ["--channel", "c", "--legacy-pickle", "data-only"], environment);
  const client = await connectClient(t, server.url);
  const publisher = new Redis(server.queue);
  cleanUp(t, () => publisher.disconnect());
  const pickle = REAL_PICKLES.findLast(({ name }) => name === "several arguments") as RealPickle;
  await publisher.publish("c", frameOf(pickle));
  await publisher.publish("c", '{"method": "emit", "event": "list", "data": [1, 2]}');
  await publisher.publish("c", '{"method": "emit", "event": "the end", "data": null}');
  t.deepEqual(await client.until("the end"), [
    ["e", 1, "twö", null, [3], { four: 4.5 }],
    ["list", [1, 2]],
  ]);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test.serial(`${signal} disconnects the clients and ends with 0`, async (t) => {
    const server = await startServe(t, ["--demo"]);
    const [websocket, polling] = await Promise.all([
      connectClient(t, server.url, { transport: "websocket" }),
      connectClient(t, server.url, { transport: "polling" }),
    ]);
    server.child.kill(signal);
    t.is(await server.exited(), 0);
    await Promise.all([websocket.disconnected(), polling.disconnected()]);
  });
}

test.serial("/health answers 204 once the server hears from its broker, and 503 without one", async (t) => {
  const health = (url: string, host: string) => statusOf(url, "/health", [`Host: ${host}`]);
  const server = await startServe(t, []);
  t.is(await health(server.url, "127.0.0.1"), 204);
  t.is(await health(server.url, "probe.example"), 204);
  const apart = startCli(t, ["serve", "--port", "0", "--queue", `redis://127.0.0.1:${await startMuteServer(t)}`]);
  const listening = await apart.stdout.find("its port", (line) => line.startsWith("listening on"));
  t.is(await health(String(/http:[^\s,]+/.exec(listening)?.[0]), "127.0.0.1"), 503);
});

for (const app of ["app.mjs", "app.cjs"]) {
  test.serial(`--app gives the Server to the default export of ${app}`, async (t) => {
    const server = await startServe(t, ["--app", `test/fixtures/${app}`]);
    const client = await connectClient(t, server.url);
    t.is(await client.call("double", 21), 42);
  });
}

test.serial("every flag is also an environment variable, and the flag wins", async (t) => {
  const server = await startServe(t, [], {
    SOCKETIO_BRIDGE_CHANNEL: "a,b",
    SOCKETIO_BRIDGE_DEMO: "1",
    SOCKETIO_BRIDGE_PORT: "1",
    SOCKETIO_BRIDGE_HOST: "localhost",
  });
  t.regex(server.stdout.items.join("\n"), /channel +a, b/);
  t.is((await fetch(server.url)).status, 200);
  t.regex(server.url, /^http:\/\/localhost:/);
});

test.serial("without --demo there is no page", async (t) => {
  const server = await startServe(t, []);
  t.is((await fetch(server.url)).status, 404);
});

/** Status of an Engine.IO handshake with the given headers. */
async function polling(url: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${url}socket.io/?EIO=4&transport=polling`, { headers });
  await response.arrayBuffer();
  return response.status;
}

function websocket(url: string, headers: Record<string, string>): Promise<number> {
  const lines = Object.entries({ host: new URL(url).host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  return statusOf(url, "/socket.io/?EIO=4&transport=websocket", [...lines, ...UPGRADE]);
}

test.serial("another origin is rejected with 400, for polling and WebSocket alike", async (t) => {
  const server = await startServe(t, []);
  const own = new URL(server.url).origin;
  for (const [headers, isAccepted] of [
    [{}, true],
    [{ origin: own }, true],
    [{ origin: "https://elsewhere.example" }, false],
    [{ origin: "null" }, false],
    [{ origin: own.replace("http:", "https:") }, false],
    [{ origin: "https://localhost", "x-forwarded-host": "localhost", "x-forwarded-proto": "https" }, true],
    [{ origin: "https://other.example", "x-forwarded-host": "localhost", "x-forwarded-proto": "https" }, false],
  ] as const) {
    t.is(await polling(server.url, headers), isAccepted ? 200 : 400, JSON.stringify(headers));
    t.is(await websocket(server.url, headers), isAccepted ? 101 : 400, JSON.stringify(headers));
  }
});

test.serial(
  "a page whose name was made to lead to this server reaches neither Socket.IO nor the live page",
  async (t) => {
    const server = await startServe(t, ["--demo"]);
    const { port } = new URL(server.url);
    for (const [host, isOwn] of [
      [`localhost:${port}`, true],
      [`LOCALHOST.:${port}`, true],
      [`[::1]:${port}`, true],
      [`evil.example:${port}`, false],
      [`localhost.evil.example:${port}`, false],
      [undefined, false],
    ] as const) {
      const lines = host === undefined ? [] : [`Host: ${host}`];
      const withOrigin = [...lines, `Origin: http://${host}`];
      const polling = "/socket.io/?EIO=4&transport=polling";
      t.is(await statusOf(server.url, polling, lines), isOwn ? 200 : 400, host);
      t.is(await statusOf(server.url, polling, withOrigin), isOwn ? 200 : 400, host);
      const websocket = "/socket.io/?EIO=4&transport=websocket";
      t.is(await statusOf(server.url, websocket, [...withOrigin, ...UPGRADE]), isOwn ? 101 : 400, host);
      t.is(await statusOf(server.url, websocket, [...lines, ...UPGRADE]), isOwn ? 101 : 400, host);
      t.is(await statusOf(server.url, "/", lines), isOwn ? 200 : 400, host);
      t.is(await statusOf(server.url, "/nothing", lines), isOwn ? 404 : 400, host);
    }
  },
);

test.serial("behind a proxy, --cors names the host that is asked for", async (t) => {
  const headers = { origin: "https://app.example", "x-forwarded-host": "app.example", "x-forwarded-proto": "https" };
  const closed = await startServe(t, []);
  t.is(await polling(closed.url, headers), 400);
  const open = await startServe(t, ["--cors", "https://app.example"]);
  t.is(await polling(open.url, headers), 200);
  t.is(await websocket(open.url, headers), 101);
  t.is(await websocket(open.url, { ...headers, host: "app.example" }), 101);
});

test.serial("each host and origin that is refused is logged once, with what to do", async (t) => {
  const server = await startServe(t, ["--cors", "https://app.example"]);
  const refused = () => server.stderr.items.filter((line) => line.includes("refused"));
  for (const _ of [1, 2]) {
    t.is(await polling(server.url, { origin: "https://elsewhere.example" }), 400);
    t.is(await websocket(server.url, { host: "chat.example:80" }), 400);
    t.is(await statusOf(server.url, "/", ["Host: chat.example:80"]), 400);
    t.is(await polling(server.url, { origin: "https://app.example", "x-forwarded-host": "other.example" }), 400);
  }
  await server.stderr.find("the last of them", (line) => line.includes("other.example"));
  const host = new URL(server.url).host;
  t.deepEqual(refused(), [
    '[socketio-python-bridge] refused a request from a page of the origin "https://elsewhere.example"; if its pages may connect, add it with --cors',
    '[socketio-python-bridge] refused a request for the host "chat.example:80"; if that is a name of this server, add it: --cors https://chat.example.com',
    `[socketio-python-bridge] refused a request for the host "${host}, other.example"; if that is a name of this server, add it: --cors https://chat.example.com`,
  ]);
});

test.serial("--cors accepts the origins it names, or all", async (t) => {
  const named = await startServe(t, ["--cors", "https://a.example", "--cors", "https://b.example"]);
  t.is(await polling(named.url, { origin: "https://b.example" }), 200);
  t.is(await websocket(named.url, { origin: "https://b.example" }), 101);
  t.is(await polling(named.url, { origin: "https://c.example" }), 400);
  const header = async (url: string, origin: string) => {
    const response = await fetch(`${url}socket.io/?EIO=4&transport=polling`, { headers: { origin } });
    await response.arrayBuffer();
    return response.headers.get("access-control-allow-origin");
  };
  t.is(await header(named.url, "https://a.example"), "https://a.example");
  const all = await startServe(t, ["--cors", "*"]);
  t.is(await websocket(all.url, { origin: "https://c.example" }), 101);
  t.is(await header(all.url, "https://c.example"), "https://c.example");
});

for (const [what, args, env, message] of [
  ["an invalid port", ["--port", "http"], {}, /--port is "http"; it takes a number from 0 to 65535/],
  ["a port out of range", ["--port", "65536"], {}, /65536/],
  ["an unknown flag", ["--prot", "1"], {}, /Unknown option '--prot'/],
  ["a flag without its value", ["--queue"], {}, /--queue/],
  ["a queue of an unknown scheme", ["--queue", "mqtt://user:hunter2@h"], {}, /mqtt:\/\/user:\*\*\*@h is not the URL/],
  ["an empty channel", ["--channel", ""], {}, /channel is ""/],
  ["a positional argument", ["app.mjs"], {}, /serve takes no argument app\.mjs; is it meant for --app\?/],
  ["a missing application", ["--app", "nowhere.mjs"], {}, /--app nowhere\.mjs cannot be loaded/],
  [
    "an application without a default export",
    ["--app", "test/fixtures/no-default.mjs"],
    {},
    /no function as its default/,
  ],
  ["an unknown encoding", ["--encoding", "xml"], {}, /encoding is "xml"; it takes json or msgpack/],
  ["an unknown dialect", [], { SOCKETIO_BRIDGE_DIALECT: "5.10" }, /dialect is "5\.10"; it takes 5\.15, /],
  [
    "an unknown mode for pickles",
    ["--legacy-pickle", "load"],
    {},
    /legacyPickle is "load"; it takes refuse or data-only/,
  ],
  ["a variable that is not a boolean", [], { SOCKETIO_BRIDGE_DEMO: "perhaps" }, /SOCKETIO_BRIDGE_DEMO is "perhaps"/],
] as const) {
  test.serial(`${what} is one clear line and exit code 2`, async (t) => {
    const server = startCli(t, ["serve", ...args], env);
    t.is(await server.exited(), 2);
    t.deepEqual(server.stdout.items, []);
    t.is(server.stderr.items.length, 1);
    t.regex(server.stderr.items[0] ?? "", message);
    t.notRegex(server.stderr.items[0] ?? "", /hunter2/);
  });
}

test.serial("a port that is taken is one clear line and exit code 2", async (t) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  cleanUp(t, () => new Promise((resolve) => taken.close(resolve)));
  const { port } = taken.address() as { port: number };
  const server = startCli(t, ["serve", "--port", String(port)]);
  t.is(await server.exited(), 2);
  t.deepEqual(server.stderr.items, [
    `socketio-python-bridge: port ${port} of 127.0.0.1 is taken; choose another with --port; --help shows what there is`,
  ]);
});

test.serial("a password in --queue is never printed", async (t) => {
  const broker = await startServe(t, []);
  const server = await startServe(t, ["--queue", broker.queue.replace("redis://", "redis://:hunter2@")]);
  t.regex(server.stdout.items.join("\n"), /redis:\/\/:\*\*\*@/);
  t.notRegex([...server.stdout.items, ...server.stderr.items].join("\n"), /hunter2/);
});

test.serial("clients are served while the broker is unreachable", async (t) => {
  const server = startCli(t, ["serve", "--port", "0", "--queue", "redis://127.0.0.1:1"]);
  await server.stderr.find("the report", (line) => line.includes("Redis at 127.0.0.1:1: connect ECONNREFUSED"));
  const line = await server.stdout.find("the address", (text) => text.startsWith("listening on"));
  const client = await connectClient(t, String(/http:[^,]+/.exec(line)));
  t.is(client.sid.length, 20);
  server.child.kill("SIGTERM");
  t.is(await server.exited(), 0);
});

for (const command of [[], ["serve"], ["emit"], ["handlers"]]) {
  test.serial(`${["socketio-python-bridge", ...command].join(" ")} --help shows every flag and variable`, async (t) => {
    const help = startCli(t, [...command, "--help"]);
    t.is(await help.exited(), 0);
    const output = help.stdout.items.join("\n");
    const flags: Record<string, string[]> = {
      serve: [
        ...["port", "host", "queue", "channel", "encoding", "legacy-pickle", "dialect", "cors", "app", "backend"],
        ...["secret-file", "backend-ca", "trust-proxy", "demo"],
      ],
      handlers: ["edge", "backend", "secret-file", "backend-ca", "app", "namespace", "auth", "json"],
      emit: ["queue", "channel", "encoding", "dialect", "room", "namespace", "skip-sid"],
    };
    for (const flag of flags[command[0] ?? ""] ?? []) {
      t.true(output.includes(`--${flag}`), flag);
      t.true(output.includes(`SOCKETIO_BRIDGE_${flag.toUpperCase().replace("-", "_")}`), flag);
    }
    t.true(output.includes("--help"));
    t.false(output.includes("SOCKETIO_BRIDGE_HELP"));
    t.true(help.stdout.items.every((line) => line.length <= 120));
  });
}

test.serial("--version prints the version of the package", async (t) => {
  const version = startCli(t, ["--version"]);
  t.is(await version.exited(), 0);
  t.regex(version.stdout.items[0] ?? "", /^\d+\.\d+\.\d+$/);
});

test.serial("an unknown command is one clear line and exit code 2", async (t) => {
  const unknown = startCli(t, ["sevre"]);
  t.is(await unknown.exited(), 2);
  t.deepEqual(unknown.stderr.items, [
    'socketio-python-bridge: there is no command "sevre"; --help shows what there is',
  ]);
});

test.serial("two servers on one embedded broker form one fleet", async (t) => {
  const first = await startServe(t, ["--app", "test/fixtures/app.mjs"]);
  const second = await startServe(t, ["--queue", first.queue]);
  const socket = connect(second.url, { forceNew: true, transports: ["websocket"] });
  cleanUp(t, () => socket.disconnect());
  const onSecond = await connectClient(t, second.url);
  const onFirst = await connectClient(t, first.url);
  const emitter = createEmitter(first.queue);
  cleanUp(t, () => emitter.close());
  await emitter.to([onFirst.sid, onSecond.sid]).emit("both");
  await Promise.all([onFirst.until("both"), onSecond.until("both")]);
  t.pass();
});

test.serial("serve before workers that are not there ends with a signal", async (t) => {
  const args = ["serve", "--port", "0", "--queue", "redis://127.0.0.1:1", "--backend", "http://127.0.0.1:1"];
  const server = startCli(t, args, { SOCKETIO_BRIDGE_SECRET: "a-secret-of-the-tests" });
  await server.stderr.find("the report", (line) => line.includes("events wait until a worker is available"));
  server.child.kill("SIGTERM");
  t.is(await server.exited(), 0);
});

test.serial("a wrong backend, or one without a queue, is one clear line and exit code 2", async (t) => {
  for (const [args, message] of [
    [["--backend", "http://127.0.0.1:1"], /--backend needs --queue/],
    [["--backend", "127.0.0.1:1", "--queue", "redis://127.0.0.1:1"], /is not an http or https URL/],
  ] as const) {
    const server = startCli(t, ["serve", "--port", "0", ...args], { SOCKETIO_BRIDGE_SECRET: "a-secret-of-the-tests" });
    t.is(await server.exited(), 2);
    t.true(
      server.stderr.items.some((line) => message.test(line)),
      server.stderr.items.join("\n"),
    );
  }
});
