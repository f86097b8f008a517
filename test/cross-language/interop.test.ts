import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ExecutionContext } from "ava";
import { Redis } from "ioredis";
import { chromium } from "playwright-core";
import type { Cell, Report } from "../../interop/report/report.js";
import { SCENARIOS } from "../../interop/scenarios/all.js";
import { launchRedis, startRedis } from "../../scripts/environment/brokers/redis.js";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { freePort } from "../../scripts/environment/free-port.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { waitTimeout } from "../../src/testing/with-timeout.js";
import { type RunningProcess, startCli } from "../helpers/process.js";
import { type TestBroker, testWithBroker } from "../helpers/shared-broker.js";
import { temporaryDirectory } from "../helpers/temporary-directory.js";

const test = testWithBroker<TestBroker>(launchRedis);

const ALL_KINDS = ["threaded", "flask", "asgi", "write-only", "celery"] as const;

/** A run of all kinds does some three hundred things, one after the other. */
const LONGEST_RUN_MS = 110_000;

const print = ({ stdout, stderr }: RunningProcess): string => [...stdout.items, ...stderr.items].join("\n");

/** Runs the command to its end. */
async function runInterop(t: ExecutionContext, args: readonly string[]) {
  const command = startCli(t, ["interop", "--python", testEnvironment().python, ...args]);
  const code = await waitTimeout.run(LONGEST_RUN_MS, () => command.exited());
  return { code, output: print(command), errors: command.stderr.items };
}

/** Runs it with every report. */
async function runWithReports(t: ExecutionContext, args: readonly string[]) {
  const directory = temporaryDirectory(t);
  const files = { json: join(directory, "r/r.json"), junit: join(directory, "r.xml"), html: join(directory, "r.html") };
  const run = await runInterop(t, [
    ...Object.entries(files).flatMap(([format, file]) => [`--${format}`, file]),
    ...args,
  ]);
  const report = JSON.parse(readFileSync(files.json, "utf8")) as Report;
  return { ...run, files, report };
}

/** An interpreter that is the tests' own, but for what `code` changes when it starts. */
function sabotagedPython(t: ExecutionContext, code: string): string {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, "sitecustomize.py"), code);
  const wrapper = join(directory, "python");
  writeFileSync(wrapper, `#!/bin/sh\nPYTHONPATH="${directory}:$PYTHONPATH" exec '${testEnvironment().python}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  return wrapper;
}

/** What a parser that is not ours makes of the XML. */
const READ_JUNIT = `
import json, sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
cases = root.findall("testsuite/testcase")
print(json.dumps({
    "root": root.attrib,
    "cases": len(cases),
    "errors": [error.get("message") for case in cases for error in case.findall("error")],
    "failures": [failure.text for case in cases for failure in case.findall("failure")],
    "skipped": [skipped.get("message") for case in cases for skipped in case.findall("skipped")],
}))`;

interface Junit {
  readonly root: Readonly<Record<string, string>>;
  readonly cases: number;
  readonly errors: readonly string[];
  readonly failures: readonly string[];
  readonly skipped: readonly string[];
}

function readJunit(file: string): Junit {
  return JSON.parse(execFileSync(testEnvironment().python, ["-c", READ_JUNIT, file], { encoding: "utf8" }));
}

/** What a browser makes of the page. */
async function openHtml(t: ExecutionContext, file: string, name: string) {
  const browser = await chromium.launch({ executablePath: testEnvironment().chromium, args: ["--no-sandbox"] });
  t.teardown(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
  const problems: string[] = [];
  page.on("console", (message) => problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("request", (request) => request.url().startsWith("file:") || problems.push(request.url()));
  await page.goto(`file://${file}`);
  mkdirSync("build/screenshots", { recursive: true });
  await page.screenshot({ path: `build/screenshots/interop-${name}.png`, fullPage: true });
  return { page, problems };
}

const cellsWith = ({ cells }: Report, result: Cell["result"]) => cells.filter((cell) => cell.result === result);

test.serial("interop: all that the newest release can do works, and every cell is accounted for", async (t) => {
  const { code, output, errors, report, files } = await runWithReports(t, ["--queue", t.context.url]);
  t.deepEqual(
    report.cells
      .filter(({ result }) => result !== "pass")
      .map(({ scenario, kind, result }) => [scenario, kind, result]),
    [
      ["python-disconnect", "write-only", "cannot"],
      ["python-disconnect", "celery", "cannot"],
    ],
  );
  t.is(code, 0);
  t.deepEqual(errors, []);
  const expected = ALL_KINDS.flatMap((kind) =>
    SCENARIOS.filter(({ kinds }) => kinds.includes(kind)).map(({ name }) => [name, kind]),
  );
  t.deepEqual(
    report.cells.map(({ scenario, kind }) => [scenario, kind]),
    expected,
  );
  t.is(report.versions["python-socketio"], report.release);
  t.regex(report.channel, /^interop-/);
  t.regex(output, /✔ threaded +✔ \d+ /);
  t.regex(output, /call\(\) of one client.* ✔ +✔ +✔$/m);
  t.true(output.includes(`${expected.length - 2} work, 2 cannot with that release in `));

  const junit = readJunit(files.junit);
  t.is(junit.cases, expected.length);
  t.is(junit.skipped.length, 2);
  t.deepEqual([junit.root.tests, junit.root.failures], [String(expected.length), "0"]);

  const { page, problems } = await openHtml(t, files.html, "works");
  t.is(await page.locator(".matrix td .pass").count(), expected.length - 2);
  t.is(await page.locator(".matrix td a.cannot").count(), 2);
  t.true(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a phone");
  t.deepEqual(problems, []);
});

test.serial("interop: an old release works, and the report says with which options", async (t) => {
  const args = ["--queue", t.context.url, "--python", testEnvironment().pythonWithPickles, "--kind", "write-only"];
  const { code, output, report } = await runWithReports(t, args);
  t.is(code, 0, output);
  const triedWith = 'createAdapter(url, { dialect: "5.13", legacyPickle: "data-only" })';
  t.is(report.triedWith, triedWith);
  t.true(output.includes(`  tried with ${triedWith}`));
});

/** The first bytes of what hosts publish on a channel from now on, and how often each of them comes. */
async function tapFirstBytes(t: ExecutionContext<TestBroker>, channel: string) {
  const redis = new Redis(t.context.url);
  cleanUp(t, () => redis.disconnect());
  const counts = new Map<number, number>();
  redis.on("messageBuffer", (_, payload: Buffer) => {
    // Heartbeats have no method, and the fixtures wait for a server to be subscribed with JSON.
    if (payload.includes("method") && !payload.includes('"ready ')) {
      const first = payload[0] ?? -1;
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
  });
  await redis.subscribe(channel);
  return counts;
}

test.serial("interop --encoding msgpack: every kind of peer works, and nothing on the channel is JSON", async (t) => {
  const channel = ownChannel();
  const firstBytes = await tapFirstBytes(t, channel);
  const args = ["--queue", t.context.url, "--channel", channel, "--encoding", "msgpack"];
  const { code, output, report, files } = await runWithReports(t, args);
  t.deepEqual(
    report.cells
      .filter(({ result }) => result !== "pass")
      .map(({ scenario, kind, result }) => [scenario, kind, result]),
    [
      ["python-disconnect", "write-only", "cannot"],
      ["python-disconnect", "celery", "cannot"],
    ],
  );
  t.is(code, 0);
  t.deepEqual([...firstBytes.keys()], [0xde]);
  t.true((firstBytes.get(0xde) ?? 0) > report.cells.length, "both sides");
  t.deepEqual(
    report.cells
      .filter(({ kind, scenario }) => kind === "flask" && /bytes$/.test(scenario))
      .map(({ scenario }) => scenario),
    [
      "python-emits-bytes",
      "python-emits-empty-bytes",
      "python-call-with-bytes",
      "node-emits-bytes",
      "node-emit-with-ack-of-bytes",
    ],
  );
  t.is(report.encoding, "msgpack");
  t.is(report.triedWith, 'createAdapter(url, { encoding: "msgpack" })');
  t.true(output.includes(`  tried with ${report.triedWith}`));
  t.regex(report.notes.join("\n"), /^Python peers use the managers of socketio_bridge\.msgpack/);
  t.regex(readFileSync(files.junit, "utf8"), /<property name="encoding" value="msgpack"\/>/);
  t.true(Object.keys(report.versions).includes("msgpack"));
});

/** A manager that is asked for MessagePack, and drops what is MessagePack. */
const READS_JSON_ONLY = `
import socketio_bridge.msgpack
socketio_bridge.msgpack.loads = socketio_bridge.msgpack.json.loads
`;

test.serial("interop --encoding msgpack: a fleet that reads only JSON fails", async (t) => {
  const python = sabotagedPython(t, READS_JSON_ONLY);
  const args = ["--queue", t.context.url, "--python", python, "--kind", "threaded", "--encoding", "msgpack"];
  const { code, report, errors } = await runWithReports(t, args);
  t.is(code, 1, errors.join("\n"));
  const failed = cellsWith(report, "fail").filter(({ direction }) => direction === "node-to-python");
  t.is(failed.length, report.rows.filter(({ direction }) => direction === "node-to-python").length);
});

test.serial("interop --encoding msgpack: a release that cannot have it is told so", async (t) => {
  const python = testEnvironment().pythonWithPickles;
  const { code, errors } = await runInterop(t, ["--queue", t.context.url, "--python", python, "--encoding", "msgpack"]);
  t.is(code, 1);
  t.regex(
    errors.join("\n"),
    /MessagePack needs python-socketio 5\.15\.1 or later, and this is 5\.13\.0; .* install "python/,
  );
});

/** A manager that loses every message with bytes. */
const DROPS_BYTES = `
from socketio import redis_manager
publish = redis_manager.RedisManager._publish
def lossy(self, data):
    return None if data.get("binary") else publish(self, data)
redis_manager.RedisManager._publish = lossy
`;

test.serial("interop: what fails is shown with what both sides said, and the rest is still tried", async (t) => {
  const python = sabotagedPython(t, DROPS_BYTES);
  const args = ["--queue", t.context.url, "--python", python, "--kind", "threaded", "--kind", "write-only"];
  const { code, output, report, files } = await runWithReports(t, args);
  t.is(code, 1);
  const failed = cellsWith(report, "fail");
  const shapes = ["bytes", "empty-bytes", "bytes-at-depth", "bytes-among-arguments"];
  const lost = shapes.map((shape) => `python-emits-${shape}`);
  t.deepEqual(
    failed.map(({ scenario, kind }) => [kind, scenario]),
    ["threaded", "write-only"].flatMap((kind) => lost.map((scenario) => [kind, scenario])),
  );
  t.is(cellsWith(report, "pass").length, report.cells.length - failed.length - 1);
  const [{ evidence, reason = "" }] = failed as [Cell];
  t.regex(reason, /deep-equal/);
  // Its own client got the bytes, those of the Node host the last event alone.
  t.deepEqual(
    evidence?.published.map(({ by, text }) => [by, (JSON.parse(text) as { event: string }).event.replace(/#\w+/, "")]),
    [["python", "python-emits-bytes the end"]],
  );
  const events = (client: string) =>
    evidence?.received.find((received) => received.client === client)?.events.map((event) => event.replace(/#\w+/, ""));
  t.deepEqual(events("JavaScript client of the Node host, websocket"), ['["python-emits-bytes the end"]']);
  t.true(
    events("JavaScript client of the Python host, websocket")?.includes(
      '["python-emits-bytes bytes",{"$bytes":"AAH+/w=="}]',
    ),
  );

  t.regex(output, /✘ bytes threaded, Python to Node, python-emits-bytes/);
  t.regex(output, /Published on the channel:\n +\+\d+ ms python \(\d+ bytes\): \{"method": "emit"/);
  const junit = readJunit(files.junit);
  t.is(junit.failures.length, failed.length);
  t.regex(junit.failures[0] ?? "", /JavaScript client of the Node host, polling:\n +\["python-emits-bytes#/);
  const { page, problems } = await openHtml(t, files.html, "fails");
  await page.locator(".matrix a.fail").first().click();
  t.true(await page.locator("details:target .message .python").first().isVisible());
  t.is(await page.locator("details").count(), new Set(failed.map(({ reason }) => reason)).size);
  t.deepEqual(problems, []);
});

/** A manager that puts a last message on the channel that no host ever hears. */
const HANGS = `
from socketio import redis_manager
publish = redis_manager.RedisManager._publish
def lossy(self, data):
    return None if str(data.get("event")).startswith("python-room#") else publish(self, data)
redis_manager.RedisManager._publish = lossy
`;

test.serial("interop: a scenario that hangs ends as a failure, and the next is tried", async (t) => {
  const python = sabotagedPython(t, HANGS);
  const { code, report } = await runWithReports(t, [
    "--queue",
    t.context.url,
    "--python",
    python,
    "--kind",
    "write-only",
  ]);
  t.is(code, 1);
  t.deepEqual(
    cellsWith(report, "fail").map(({ scenario, reason = "" }) => [scenario, reason.replace(/#\w+/, "")]),
    [["python-room", "timed out after 10000 ms waiting for python-room the end"]],
  );
  t.is(cellsWith(report, "pass").length, report.cells.length - 2);
});

test.serial("interop: a host that ends is started anew for the next scenario", async (t) => {
  const python = sabotagedPython(
    t,
    `
import os
from socketio import redis_manager
publish = redis_manager.RedisManager._publish
def fatal(self, data):
    if str(data.get("event")).startswith("python-sid#"):
        os._exit(3)
    return publish(self, data)
redis_manager.RedisManager._publish = fatal
`,
  );
  const { code, report } = await runWithReports(t, [
    "--queue",
    t.context.url,
    "--python",
    python,
    "--kind",
    "threaded",
  ]);
  t.is(code, 1);
  t.deepEqual(
    cellsWith(report, "fail").map(({ scenario }) => scenario),
    ["python-sid"],
  );
  t.is(cellsWith(report, "pass").length, report.cells.length - 1);
});

test.serial("interop: what is not installed is a column that says so, and all that is there works", async (t) => {
  const python = sabotagedPython(
    t,
    `
import sys
for name in ["uvicorn", "celery", "flask", "flask_socketio", "aiohttp", "werkzeug"]:
    sys.modules[name] = None
`,
  );
  const { code, output, report } = await runWithReports(t, ["--queue", t.context.url, "--python", python]);
  t.is(code, 0);
  const missing = new Set(cellsWith(report, "unavailable").map(({ kind }) => kind));
  t.deepEqual([...missing], ["flask", "asgi", "celery"]);
  t.regex(output, /^ {2}– asgi +not available: uvicorn is not installed$/m);
  t.regex(output, /^ {2}– asgi: uvicorn is not installed$/m);
  t.deepEqual(report.notes, [
    "Clients of the threaded host only poll: werkzeug is not installed.",
    "No Python clients take part: aiohttp is not installed.",
  ]);
  t.is(cellsWith(report, "fail").length, 0);
});

test.serial("interop: a password is in no output and in no report, whatever happens", async (t) => {
  const redis = await startRedis(t, ["--requirepass", "hunter-2-secret"]);
  const port = new URL(redis.url).port;
  const python = sabotagedPython(
    t,
    `
import sys
from socketio import redis_manager
def leaky(self, data):
    print(self.redis_url, file=sys.stderr)
    raise RuntimeError("cannot publish to " + self.redis_url)
redis_manager.RedisManager._publish = leaky
`,
  );
  for (const [password, expected, interpreter] of [
    ["hunter-2-secret", 0, testEnvironment().python],
    ["hunter-2-secret", 1, python],
    ["hunter-2-wrong", 1, testEnvironment().python],
  ] as const) {
    const queue = `redis://:${password}@127.0.0.1:${port}`;
    const directory = temporaryDirectory(t);
    const files = ["json", "junit", "html"].map((format) => [`--${format}`, join(directory, format)] as const);
    const args = ["--queue", queue, "--kind", "write-only", "--python", interpreter, ...files.flat()];
    const { code, output } = await runInterop(t, args);
    t.is(code, expected, output);
    if (interpreter === python) {
      t.regex(output, /not tried: after each of 3 scenarios in a row, messages did not cross the channel any more/);
      t.false(output.includes("○"), "what could not be tried is no limit of the release");
    }
    for (const text of [output, ...files.map(([, file]) => readFileSync(file, "utf8"))]) {
      t.notRegex(text, /hunter/);
    }
  }
});

test.serial("interop: what is missing is told with what to do about it", async (t) => {
  const directory = temporaryDirectory(t);
  const bare = join(directory, "python");
  writeFileSync(bare, `#!/bin/sh\nexec '${testEnvironment().python}' -S "$@"\n`);
  chmodSync(bare, 0o755);
  const closed = await startRedis(t, ["--requirepass", "hunter-2-secret"]);
  const withoutRedis = sabotagedPython(t, 'import sys\nsys.modules["redis"] = None\n');
  const withoutMsgpack = sabotagedPython(
    t,
    `
from importlib import metadata
version = metadata.version
def forgetful(name):
    if name == "msgpack":
        raise metadata.PackageNotFoundError(name)
    return version(name)
metadata.version = forgetful
`,
  );
  const withWarning = sabotagedPython(
    t,
    `
import atexit, sys, time
def warn():
    sys.stdout.flush()
    time.sleep(0.2)
    print("a warning", file=sys.stderr)
atexit.register(warn)
`,
  );
  for (const [args, code, message] of [
    [["--python", "/nowhere/python"], 2, /there is no Python interpreter \/nowhere\/python: name one with --python/],
    [
      ["--python", join(testEnvironment().python, "../..")],
      2,
      /--python \S+ is a directory; did you mean \S+\/bin\/python\?/,
    ],
    [["--channel", ""], 2, /--channel is empty/],
    [["--queue", closed.url], 1, /Redis refused the password, redis:\S+ \(NOAUTH.*\): give it as redis:\/\/:PASSWORD@/],
    [
      ["--queue", `redis://:wrong@127.0.0.1:${closed.port}`],
      1,
      /Redis refused the password, \S+:\*\*\*@\S+ \(WRONGPASS/,
    ],
    [["--python", "true"], 2, /true is not a usable Python/],
    [
      ["--python", bare, "--queue", t.context.url],
      1,
      /python-socketio is not installed; .*-m pip install python-socketio/,
    ],
    [
      ["--python", withoutRedis, "--queue", t.context.url],
      1,
      /redis is not installed; .*-m pip install redis, or name another/,
    ],
    [["--python", withWarning, "--queue", closed.url], 1, /Redis refused the password/],
    [["--queue", "redis"], 2, /redis is not the URL of a broker; known are redis:\/\/((?!memory).)*$/],
    [["--queue", "memory://"], 2, /memory:\/\/ lives in one process; Python cannot reach it/],
    [["--requirements", "/nowhere/requirements.txt"], 2, /\/nowhere\/requirements\.txt: there is no such file/],
    [["--kind", "gevent"], 2, /--kind is "gevent"; it takes one of threaded, flask, asgi, write-only, celery/],
    [["--encoding", "pickle"], 2, /encoding is "pickle"; it takes json or msgpack/],
    [
      ["--python", withoutMsgpack, "--queue", t.context.url, "--encoding", "msgpack"],
      1,
      /msgpack is not installed; .*-m pip install msgpack, or name another/,
    ],
    [["--json", "/dev/null/report.json"], 2, /--json \/dev\/null\/report\.json cannot be written/],
    [["redis://localhost"], 2, /interop takes no argument redis:\/\/localhost; is it meant for --queue\?/],
  ] as const) {
    const { code: actual, errors } = await runInterop(t, args);
    t.is(errors.length, 1, args.join(" "));
    t.regex(errors[0] ?? "", message);
    t.is(actual, code, args.join(" "));
  }
});

test.serial("interop: a run that cannot start writes the reason into every report", async (t) => {
  const queue = `redis://:s3cret-password@127.0.0.1:${await freePort()}`;
  const { code, errors, files, report } = await runWithReports(t, ["--queue", queue]);
  t.is(code, 1);
  const message = errors.join("\n").replace("socketio-python-bridge: ", "");
  t.regex(message, /127\.0\.0\.1:\d+ has not answered .*is the broker running, and the URL right\?$/);
  t.like(report, { ok: false, error: message });
  const { root, cases, errors: inJunit } = readJunit(files.junit);
  t.like(root, { tests: "1", errors: "1" });
  t.is(cases, 1);
  t.deepEqual(inJunit, [message]);
  const { page, problems } = await openHtml(t, files.html, "not-started");
  t.is(await page.locator("pre.fail").textContent(), message);
  t.deepEqual(problems, []);
});

test.serial("interop: versions that pip does not have are told with the newest that it has", async (t) => {
  const directory = temporaryDirectory(t);
  for (let minor = 0; minor < 30; minor += 1) {
    writeFileSync(join(directory, `interop_nothing-1.${minor}.tar.gz`), "");
  }
  const requirements = join(directory, "requirements.txt");
  writeFileSync(requirements, `--no-index\n--find-links ${directory}\ninterop-nothing==2\n`);
  const { code, output, errors } = await runInterop(t, ["--requirements", requirements]);
  t.is(code, 1);
  t.regex(output, /^ {2}making a virtual environment$/m);
  t.regex(errors.join("\n"), /could not install [\s\S]*\(from versions: …, 1\.25, 1\.26, 1\.27, 1\.28, 1\.29\)/);
});

/** A package that says where it is when it is built, and is never done. */
const ENDLESS_PACKAGE = {
  "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "endless"\nbackend-path = ["."]\n',
  "endless.py": `
import os, pathlib, time
def build_wheel(directory, settings=None, metadata=None):
    pathlib.Path(os.environ["STARTED"]).touch()
    time.sleep(600)
prepare_metadata_for_build_wheel = build_wheel
`,
};

/** What runs of a directory. */
function programsIn(directory: string): readonly string[] {
  const all = execFileSync("ps", ["-e", "-o", "args="], { encoding: "utf8" }).split("\n");
  return all.filter((command) => command.includes(directory));
}

for (const [signal, expected, phase] of [
  ["SIGTERM", 143, "venv"],
  ["SIGINT", 130, "pip"],
  ["SIGHUP", 129, "venv"],
] as const) {
  test.serial(
    `interop: ${signal} while ${phase} runs leaves nothing behind, and old reports as they are`,
    async (t) => {
      const [directory, TMPDIR] = [temporaryDirectory(t), temporaryDirectory(t)];
      for (const [name, text] of Object.entries(ENDLESS_PACKAGE)) {
        writeFileSync(join(directory, name), text);
      }
      const [requirements, json, STARTED] = ["requirements.txt", "r.json", "started"].map((name) =>
        join(directory, name),
      );
      writeFileSync(String(requirements), `${directory}\n`);
      writeFileSync(String(json), "of the run before");
      const { python } = testEnvironment();
      const args = ["interop", "--python", python, "--requirements", String(requirements), "--json", String(json)];
      // From TypeScript, tsx would keep its cache there.
      const command = startCli(t, args, { TMPDIR, STARTED, TSX_DISABLE_CACHE: "1" });
      const started = () => (phase === "pip" ? existsSync(String(STARTED)) : programsIn(TMPDIR).length > 1);
      while (!started()) {
        t.is(command.child.exitCode, null, print(command));
        await setTimeout(20);
      }
      command.child.kill(signal);
      t.is(await command.exited(), expected);
      t.deepEqual(command.stderr.items, []);
      t.deepEqual(readdirSync(TMPDIR), []);
      t.deepEqual(programsIn(TMPDIR), []);
      t.is(readFileSync(String(json), "utf8"), "of the run before");
    },
  );
}

test.serial("interop --help names every flag and its variable", async (t) => {
  const { code, output } = await runInterop(t, ["--help"]);
  t.is(code, 0);
  for (const flag of ["queue", "channel", "python", "requirements", "kind", "encoding", "junit", "json", "html"]) {
    t.regex(output, new RegExp(`--${flag} .*\\n +\\[SOCKETIO_BRIDGE_${flag.toUpperCase()}\\]`));
  }
  t.false(output.includes("SOCKETIO_BRIDGE_HELP"));
});

test.serial("interop: the command lines of its page are taken", async (t) => {
  const page = readFileSync("docs/interop.md", "utf8");
  const lines = [...page.matchAll(/npx socketio-python-bridge interop (.*)/g)].map(([, args = ""]) => args.split(" "));
  t.is(lines.length, 5);
  for (const args of lines) {
    t.is((await runInterop(t, [...args, "--help"])).code, 0, args.join(" "));
  }
});
