import test from "ava";
import { knownLimit, unsupportedPeer } from "../../interop/known-limits.js";
import { callFor, isBefore } from "../../interop/python-release.js";
import { SCENARIOS, scenariosWith } from "../../interop/scenarios/all.js";

test("releases are compared by their numbers", (t) => {
  for (const [left, right, before] of [
    ["5.9.0", "5.14", true],
    ["5.14.1", "5.14.2", true],
    ["5.14", "5.14.0", false],
    ["5.14.0", "5.14", false],
    ["4.6.1", "5.0", true],
    ["5.18.1", "5.15.1", false],
    ["5.15.1rc1", "5.15.1", false],
    ["6.0", "5.99.99", false],
  ] as const) {
    t.is(isBefore(left, right), before, `${left} before ${right}`);
  }
});

test("the options that an application needs are given as the call to write", (t) => {
  for (const [release, call, encoding = "json"] of [
    ["4.6.1", 'createAdapter(url, { dialect: "5.2", legacyPickle: "data-only" })'],
    ["5.13.0", 'createAdapter(url, { dialect: "5.13", legacyPickle: "data-only" })'],
    ["5.14.1", 'createAdapter(url, { dialect: "5.13" })'],
    ["5.15.0", 'createAdapter(url, { dialect: "5.14" })'],
    ["5.15.1", undefined],
    ["5.15.1", 'createAdapter(url, { encoding: "msgpack" })', "msgpack"],
  ] as const) {
    t.is(callFor(release, encoding), call, release);
  }
});

test("a limit depends on release, scenario, kind, broker and encoding", (t) => {
  const fleet = { release: "5.14.1", scheme: "redis", encoding: "json" } as const;
  const query = { ...fleet, scenario: "python-emits-bytes", kind: "threaded" } as const;
  t.regex(String(knownLimit(query)?.reason), /bytes/);
  t.is(knownLimit(query)?.isEverything, false);
  t.is(knownLimit({ ...query, release: "5.13.0" }), undefined);
  t.is(knownLimit({ ...query, release: "5.14.2" }), undefined);
  t.is(knownLimit({ ...query, scenario: "python-emits-list" }), undefined);
  const disconnect = { ...query, release: "5.18.1", scenario: "python-disconnect" } as const;
  t.is(knownLimit(disconnect), undefined);
  t.regex(String(knownLimit({ ...disconnect, kind: "celery" })?.reason), /alone/);
  t.is(knownLimit({ ...disconnect, release: "5.9.0", kind: "celery" }), undefined);
  const old = { ...query, release: "5.9.0", kind: "asgi", scenario: "node-room" } as const;
  t.regex(String(knownLimit({ ...old, scheme: "amqp" })?.reason), /AsyncAioPikaManager reads only pickles/);
  t.is(knownLimit({ ...old, scheme: "amqp" })?.isEverything, true);
  t.is(knownLimit(old), undefined);
  const flask = { ...disconnect, kind: "flask", scheme: "kafka" } as const;
  t.regex(String(knownLimit(flask)?.reason), /cannot publish/);
  t.is(knownLimit({ ...flask, encoding: "msgpack" }), undefined, "it is given its manager then");
  t.regex(String(knownLimit({ ...old, scheme: "zmq+tcp", kind: "threaded" })?.reason), /ZmqManager/);
});

test("a kind of peer that does not exist for a broker is reported", (t) => {
  const encoding = "json";
  t.is(
    unsupportedPeer({ scheme: "kafka", kind: "asgi", encoding }),
    "python-socketio has no asynchronous manager for kafka://",
  );
  t.is(
    unsupportedPeer({ scheme: "zmq+tcp", kind: "asgi", encoding }),
    "python-socketio has no asynchronous manager for zmq+tcp://",
  );
  t.regex(String(unsupportedPeer({ scheme: "kombu+redis", kind: "flask", encoding })), /redis:\/\//);
  t.is(unsupportedPeer({ scheme: "kombu+redis", kind: "flask", encoding: "msgpack" }), undefined);
  t.regex(String(unsupportedPeer({ scheme: "zmq+tcp", kind: "threaded", encoding: "msgpack" })), /MessagePack/);
  t.is(unsupportedPeer({ scheme: "redis", kind: "asgi", encoding }), undefined);
});

test("scenarios have unique names, and unique titles in each direction", (t) => {
  const all = scenariosWith("msgpack");
  t.deepEqual(
    SCENARIOS.filter((scenario) => !all.includes(scenario)),
    [],
  );
  const names = all.map(({ name }) => name);
  t.is(new Set(names).size, names.length);
  const titles = all.map(({ direction, title }) => `${direction} ${title}`);
  t.is(new Set(titles).size, titles.length);
  t.true(names.every((name) => /^(python|node)-[a-z-]+$/.test(name)));
});
