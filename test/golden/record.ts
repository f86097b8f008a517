/**
 * Records the golden messages: the bytes that each release of python-socketio publishes for each case of `cases.jsonl` on
 * each broker. A second run changes nothing.
 *
 *     npm run golden                                      every release of python-fixtures/releases, and the newest
 *     npm run golden -- 5.13.0                            one release
 *     npm run golden -- --python 3.9=/path/to/python3.9   if `python3.9` is not on the PATH
 *     npm run golden -- 5.13.0 --python 5.13.0=PATH       with an interpreter that has its packages
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { isBefore } from "../../interop/python-release.js";
import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import type { Line, Program } from "../../src/testing/program.js";
import { localPython, startPythonProgram } from "../../src/testing/python.js";
import { cleanUp, type Scope } from "../../src/testing/scope.js";
import { interpreterOf, releases } from "./interpreters.js";
import {
  type BusName,
  type Carrier,
  type Case,
  fileOf,
  type Outcome,
  type Recording,
  type Release,
  readCases,
} from "./recordings.js";
import { CHANNEL, type Tap, tapKafka, tapRabbitmq, tapRedis } from "./taps.js";

/** A manager of python-socketio, and where it publishes. */
interface Source {
  readonly bus: BusName;
  readonly manager: string;
  readonly queue: string;
  readonly tap: Tap;
  /** The first release that it works with. @default every release */
  readonly from?: string;
}

async function startSources(scope: Scope): Promise<readonly Source[]> {
  const [redis, rabbitmq, kafka] = await Promise.all([launchRedis(), launchRabbitmq(), launchKafka()]);
  for (const broker of [redis, rabbitmq, kafka]) {
    cleanUp(scope, () => broker.kill());
  }
  const { plain, kombu } = await tapRedis(scope, redis.url);
  const amqp = await tapRabbitmq(scope, rabbitmq.url);
  const records = await tapKafka(scope, kafka.port);
  return [
    { bus: "redis", manager: "RedisManager", queue: redis.url, tap: plain },
    { bus: "redis-async", manager: "AsyncRedisManager", queue: redis.url, tap: plain },
    { bus: "kombu-redis", manager: "KombuManager", queue: `${redis.url}/0`, tap: kombu },
    { bus: "kombu-amqp", manager: "KombuManager", queue: rabbitmq.url, tap: amqp },
    { bus: "aio-pika", manager: "AsyncAioPikaManager", queue: rabbitmq.url, tap: amqp },
    { bus: "kafka", manager: "KafkaManager", queue: kafka.url, tap: records },
    { bus: "kafka-bytes", manager: "socketio_bridge.kafka.KafkaManager", queue: kafka.url, tap: records, from: "5.14" },
  ];
}

/** What one source has published for each case. */
interface Take {
  readonly bus: BusName;
  readonly ready: Line;
  readonly carrier: Carrier;
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

let barriers = 0;

/** @returns the carrier and the payload of the one message that the request publishes; or what was said instead */
async function take(program: Program, tap: Tap, { case: _, op, ...fields }: Case) {
  const before = tap.items.length;
  const refusal = await program.request(op, fields).then(() => null, messageOf);
  barriers += 1;
  const barrier = `barrier ${barriers}.`;
  const blocked = await program.request("emit", { event: barrier }).then(() => null, messageOf);
  if (blocked !== null) {
    return { error: refusal ?? blocked, isBlocked: true };
  }
  const isBarrier = ({ payload }: { payload: Buffer }) => payload.includes(barrier);
  await tap.find(barrier, isBarrier);
  const [message, ...more] = tap.items.slice(before, tap.items.findIndex(isBarrier));
  const complaints = (await program.request("complaints")) as readonly string[];
  if (more.length > 1) {
    throw new Error(`${op} published ${more.length + 1} messages`);
  }
  return message ?? { error: refusal ?? complaints.at(-1) ?? null, isBlocked: false };
}

const messageOf = (error: Error): string => error.message;

function outcomeOf(payload: Buffer): Outcome {
  const utf8 = payload.toString();
  return Buffer.from(utf8).equals(payload) ? { utf8 } : { base64: payload.toString("base64") };
}

async function play(interpreter: string, { bus, manager, queue, tap }: Source, cases: readonly Case[]): Promise<Take> {
  const program = startPythonProgram(localPython(interpreter, "python-fixtures"), "publisher.py", [
    ...["--manager", manager, "--queue", queue, "--channel", CHANNEL],
  ]);
  try {
    return await playAll(program, bus, tap, cases);
  } finally {
    await program.end();
  }
}

async function playAll(program: Program, bus: BusName, tap: Tap, cases: readonly Case[]): Promise<Take> {
  const ready = await program.event("ready");
  const outcomes = new Map<string, Outcome>();
  let carrier: Carrier | undefined;
  for (const each of cases) {
    const taken = await take(program, tap, each);
    if ("error" in taken) {
      outcomes.set(each.case, { error: taken.error });
      if (taken.isBlocked) {
        carrier = { error: String(taken.error) };
      }
      continue;
    }
    carrier ??= taken.carrier;
    if (!isDeepStrictEqual(carrier, taken.carrier)) {
      throw new Error(`${each.case} on ${bus} came as ${JSON.stringify(taken.carrier)}`);
    }
    outcomes.set(each.case, outcomeOf(taken.payload));
  }
  return { bus, ready, carrier: carrier ?? {}, outcomes };
}

/** Buses with the same outcome share a line. */
function group(name: string, takes: readonly Take[]): Recording[] {
  const groups: { on: BusName[]; outcome: Outcome }[] = [];
  for (const { bus, outcomes } of takes) {
    const outcome = outcomes.get(name) as Outcome;
    const same = groups.find((other) => isDeepStrictEqual(other.outcome, outcome));
    if (same === undefined) {
      groups.push({ on: [bus], outcome });
    } else {
      same.on.push(bus);
    }
  }
  return groups.map(({ on, outcome }) => ({ case: name, ...(groups.length > 1 ? { on } : {}), ...outcome }));
}

async function record(release: string, interpreter: string, sources: readonly Source[], cases: readonly Case[]) {
  const takes: Take[] = [];
  for (const source of sources.filter(({ from }) => from === undefined || !isBefore(release, from))) {
    takes.push(await play(interpreter, source, cases));
  }
  const [{ ready }] = takes as [Take, ...Take[]];
  const { python: exactly, packages } = ready as Line & Pick<Release, "python" | "packages">;
  const python = exactly.split(".", 2).join(".");
  if (packages["python-socketio"] !== release) {
    throw new Error(`${interpreter} has python-socketio ${packages["python-socketio"]}, not ${release}`);
  }
  const buses = Object.fromEntries(takes.map(({ bus, carrier }) => [bus, carrier]));
  const able = takes.filter(({ carrier }) => !("error" in carrier));
  const lines = [{ release, python, packages, buses }, ...cases.flatMap((each) => group(each.case, able))];
  const file = fileOf(release);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  console.info(`${file}: ${lines.length - 1} recordings, with Python ${python}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { python: { type: "string", multiple: true, default: [] } },
  });
  const interpreters = new Map(values.python.map((pair) => pair.split("=", 2) as [string, string]));
  const ends: (() => void | Promise<void>)[] = [];
  const scope: Scope = { teardown: (release) => ends.unshift(release) };
  // Before the brokers start: installing takes longer than their startup timeout.
  const rows = (positionals.length === 0 ? releases() : positionals).map(
    (release) => [release, interpreterOf(release, interpreters)] as const,
  );
  try {
    const sources = await startSources(scope);
    const cases = readCases();
    for (const [release, interpreter] of rows) {
      await record(release, interpreter, sources, cases);
    }
  } finally {
    for (const end of ends) {
      await end();
    }
  }
}

await main();
