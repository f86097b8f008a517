import test from "ava";
import { plan } from "../../../bench/edge/campaign.js";
import { CONTENDERS } from "../../../bench/edge/contenders.js";
import { obstacles } from "../../../bench/edge/machine-limits.js";
import { HELP, parseOptions } from "../../../bench/edge/options.js";
import { pythonCommand } from "../../../bench/edge/server.js";
import { UsageError } from "../../../bench/shared/options.js";

test("without flags everything is measured in three rounds", (t) => {
  const { measures, contenders, rounds, extent } = parseOptions([]);
  t.deepEqual(measures, ["echo", "query", "fan-out", "idle", "redeploy"]);
  t.is(contenders.length, Object.keys(CONTENDERS).length);
  t.deepEqual([rounds, extent.fanOutClients, extent.idleClients], [3, 1_000, 5_000]);
});

test("--short is one round of some contenders with few clients, unless told otherwise", (t) => {
  t.is(parseOptions(["--short"]).contenders.length, 4);
  t.deepEqual(parseOptions(["--short", "--contender", "asgi"]).contenders, ["asgi"]);
  t.like(parseOptions(["--short"]), { rounds: 1, extent: { busyClients: 20, idleClients: 100 } });
  t.like(parseOptions(["--short", "--clients", "7", "--rounds", "2"]), { rounds: 2, extent: { busyClients: 7 } });
});

for (const [args, message] of [
  [["--only", "memory"], /--only is "memory"; it takes echo, query/],
  [["--contender", "eventlet"], /--contender is "eventlet"; it takes gthread, gevent/],
  [["--rounds", "0"], /--rounds is "0"; it takes a whole number from 1/],
  [["--idle-clients", "many"], /--idle-clients is "many"/],
  [["--write", "--only", "echo"], /--write puts a whole measurement/],
  [["--colour"], /Unknown option '--colour'/],
] as const) {
  test(`${args.join(" ")} is rejected in one line`, (t) => {
    const error = t.throws(() => parseOptions(args), { instanceOf: UsageError, message });
    t.false(error.message.includes("\n"));
  });
}

test("the help names every flag, in lines that fit", (t) => {
  const flags = [
    "only",
    "contender",
    "rounds",
    "clients",
    "idle-clients",
    "idle-threaded",
    "short",
    "json",
    "write",
    "help",
  ];
  for (const flag of flags) {
    t.true(HELP.includes(`--${flag}`), flag);
  }
  t.true(HELP.split("\n").every((line) => line.length <= 125));
});

test("the contenders take turns, and another one begins each round", (t) => {
  const steps = plan({ measures: ["echo"], contenders: ["gthread", "edge-gthread"], rounds: 2 });
  t.deepEqual(
    steps.map(({ round, contender }) => [round, contender]),
    [
      [1, "gthread"],
      [1, "edge-gthread"],
      [2, "edge-gthread"],
      [2, "gthread"],
    ],
  );
});

test("a thread for each client is gunicorn's setting without an edge, and none behind it", (t) => {
  const alone = pythonCommand(CONTENDERS.gthread, 8_000, { clients: 5_000 }).join(" ");
  t.regex(
    alone,
    /--workers 1 --worker-class gthread .*--worker-connections 5020 --threads 5020 flask_socketio_app:app$/,
  );
  const behind = pythonCommand(CONTENDERS["edge-gthread-4"], 8_000, { clients: 5_000, threads: 4 }).join(" ");
  t.regex(behind, /--workers 4 .*--threads 4 socketio_bridge:serve\("flask_socketio_app:app"\)$/);
});

test("a machine that is too small for the clients is told what to raise", (t) => {
  const enough = { openFiles: 1e6, processes: 1e6, pids: 1e6, threads: 1e6, mappings: 1e6 };
  t.deepEqual(obstacles(5_000, 5_000, enough), []);
  t.deepEqual(obstacles(5_000, 0, { ...enough, openFiles: 1_024, threads: 1_000 }), ["ulimit -n 5500 (it is 1024)"]);
  t.deepEqual(obstacles(5_000, 5_000, { ...enough, mappings: 30_000 }), [
    "sysctl -w vm.max_map_count=41000 (it is 30000)",
  ]);
});
