import test, { type ExecutionContext } from "ava";
import { type DecodeOptions, decode } from "../../src/protocol/decode.js";
import { decodePayload } from "../../src/protocol/decode-payload.js";
import { expectedOf, REJECTED, REJECTED_IN_PICKLES, type Reading } from "../golden/expected.js";
import {
  type BusName,
  bytesOf,
  type Case,
  type Recording,
  type ReleaseRecordings,
  readCases,
  readRecordings,
} from "../golden/recordings.js";

const MAX_SIZE = 1_000_000;

const CASES = readCases();
const RELEASES = readRecordings();

/** A message, with the arguments of an emit in place of its payload; or the reason why it is rejected. */
function read(payload: Uint8Array, options: DecodeOptions = { legacyPickle: "refuse", dialect: "5.15" }): unknown {
  const decoded = decode(payload, MAX_SIZE, options);
  if (decoded.kind !== "message") {
    return decoded.kind === "rejected" ? decoded.rejection.reason : decoded.kind;
  }
  if (decoded.message.method !== "emit") {
    return decoded.message;
  }
  const { payload: data, ...message } = decoded.message;
  const result = decodePayload(data);
  return "rejection" in result ? result.rejection.reason : { ...message, args: result.args };
}

const compare = (one: string, other: string) => one.localeCompare(other, "en", { numeric: true });
const writesPickles = (release: string) => compare(release, "5.14") < 0;
const writesValues = (release: string) => compare(release, "5.15.1") < 0;

/** By case: what was recorded on that bus. */
const onBus = (recordings: readonly Recording[], bus: BusName) =>
  new Map(recordings.filter(({ on }) => on === undefined || on.includes(bus)).map((line) => [line.case, line]));

test("every release is recorded with every case, on every bus that it can publish on", (t) => {
  t.deepEqual(
    RELEASES.map(({ release }) => release.release),
    ["4.6.1", "5.0.4", "5.7.2", "5.9.0", "5.13.0", "5.14.1", "5.14.3", "5.15.1", "5.18.1"],
  );
  for (const { release, recordings } of RELEASES) {
    const buses = Object.entries(release.buses) as [BusName, object][];
    t.is(buses.length, writesPickles(release.release) ? 6 : 7);
    const able = buses.filter(([, carrier]) => !("error" in carrier)).map(([bus]) => bus);
    for (const bus of able) {
      t.deepEqual(
        [...onBus(recordings, bus).keys()],
        CASES.map(({ case: name }) => name),
        `${release.release} ${bus}`,
      );
    }
    const messages = recordings.filter((recording) => !("error" in recording));
    t.true(
      messages.every(({ on }) => on === undefined),
      "the same bytes on every bus",
    );
    // An AsyncAioPikaManager of 5.14.0 and 5.14.1 hands over text where bytes are wanted, a KafkaManager of all since.
    const unable = buses.map(([bus]) => bus).filter((bus) => !able.includes(bus));
    const expected = writesPickles(release.release) ? [] : ["kafka"];
    t.deepEqual(unable, release.release === "5.14.1" ? ["aio-pika", ...expected] : expected, release.release);
  }
});

/** The table in docs/protocol.md: `data` up to 5.15.0, and from 5.15.1 on. */
const FORMS: readonly (readonly [string, unknown, unknown])[] = [
  ["no data", null, [null]],
  ["None", null, [null]],
  ["an empty dict", {}, [{}]],
  ["a list of one list", [[1]], [[[1]]]],
  ["a tuple of four", [1, 2, 3, 4], [1, 2, 3, 4]],
  ["an empty tuple", [], []],
  ["a tuple of one list", [[1, 2]], [[1, 2]]],
  ["a tuple of None", [null], [null]],
];

test("data is written in the form of the release", (t) => {
  for (const { release, recordings } of RELEASES.filter(({ release }) => !writesPickles(release.release))) {
    const published = onBus(recordings, "redis");
    for (const [name, value, list] of FORMS) {
      const { data } = JSON.parse(String(bytesOf(published.get(name) as Recording)));
      t.deepEqual(data, writesValues(release.release) ? value : list, `${release.release} ${name}`);
    }
  }
});

/** Before 5.10 these two commands do not name their sender. */
const isAnonymous = (release: string, { op }: Case) =>
  compare(release, "5.10") < 0 && (op === "disconnect" || op === "close_room");

/** Reads every case of a release, and compares it with what Python was told to publish. */
function readAll(t: ExecutionContext, { release, recordings }: ReleaseRecordings, reading: Reading): void {
  const issued = new Map<unknown, number>();
  const published = onBus(recordings, "redis");
  const rejected = reading === "pickle" ? REJECTED_IN_PICKLES : REJECTED;
  const dialect = reading === "5.14" ? "5.14" : "5.15";
  for (const one of CASES) {
    const bytes = bytesOf(published.get(one.case) as Recording);
    if (bytes !== undefined) {
      const named = expectedOf(one, reading, issued);
      const expected = isAnonymous(release.release, one) ? { ...named, hostId: undefined } : named;
      t.deepEqual(read(bytes, { legacyPickle: "data-only", dialect }), rejected.get(one.case) ?? expected, one.case);
    }
  }
}

for (const recorded of RELEASES) {
  const { release, recordings } = recorded;
  if (writesPickles(release.release)) {
    test(`the pickles of python-socketio ${release.release} are read with their original meaning, or rejected`, (t) => {
      readAll(t, recorded, "pickle");
      for (const bytes of recordings.map(bytesOf).filter((one) => one !== undefined)) {
        t.is(read(bytes), "pickle");
      }
    });
  } else if (writesValues(release.release)) {
    test(`what python-socketio ${release.release} publishes is read with its original meaning, or as the newest release reads it`, (t) => {
      readAll(t, recorded, "5.14");
      readAll(t, recorded, "5.14 as 5.15");
    });
  } else {
    test(`what python-socketio ${release.release} publishes is read with its original meaning`, (t) => {
      readAll(t, recorded, "5.15");
    });
  }
}
