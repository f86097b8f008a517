import test from "ava";
import { History } from "../../../src/adapter/recovery/history.js";
import { parseOffset } from "../../../src/adapter/recovery/offset.js";

const HOSTS = ["a", "b"].map((letter) => letter.repeat(32)) as [string, string];
const MAX_AGE = 1_000;
/** Most milliseconds until a dead connection is noticed. */
const DETECTION = 100;

const EVERYONE = { namespace: "/", rooms: new Set<string>(), skipSids: new Set<string>(), except: new Set<string>() };
const CLIENT = { namespace: "/", sid: "sid", rooms: ["r"] };

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array | string) =>
  typeof payload === "string" ? payload : new TextDecoder().decode(payload);

function makeHistory({ hostId = HOSTS[0], maxMessages = 100, maxBytes = 1_000_000 } = {}) {
  let time = 1_000_000;
  const history = new History({ hostId, maxMessages, maxBytes, maxAge: MAX_AGE, now: () => time });
  return {
    history,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    checkpoint: () => history.recordMessage(bytes("checkpoint"), true),
    /** A message of a Python host. */
    receive: (payload: string, audience: Partial<typeof EVERYONE> = {}) => {
      history.recordMessage(bytes(payload), false);
      return history.addForeign({ ...EVERYONE, ...audience }, bytes(payload));
    },
    /** By a client that disconnects at this moment. */
    missed: (offset: string, leftAt = time) => {
      const parsed = parseOffset(offset);
      return parsed && history.missed(CLIENT, parsed, leftAt - DETECTION)?.map(({ payload }) => text(payload));
    },
  };
}

test("a client misses what comes after its offset and is for it", (t) => {
  const { receive, missed } = makeHistory();
  receive("1");
  const offset = receive("2");
  receive("3");
  receive("to the room", { rooms: new Set(["r", "x"]) });
  receive("to the sid", { rooms: new Set(["sid"]) });
  receive("elsewhere", { rooms: new Set(["x"]) });
  receive("skipped", { skipSids: new Set(["sid"]) });
  receive("a room's name is no sid", { skipSids: new Set(["r"]) });
  receive("excepted by room", { except: new Set(["r"]) });
  receive("excepted by sid", { except: new Set(["sid"]) });
  receive("other namespace", { namespace: "/other" });
  t.deepEqual(missed(offset), ["3", "to the room", "to the sid", "a room's name is no sid"]);
});

test("two hosts that received the same since a checkpoint agree on an offset, and others do not", (t) => {
  const [first, second, deaf] = [makeHistory(), makeHistory({ hostId: HOSTS[1] }), makeHistory({ hostId: HOSTS[1] })];
  first.receive("before the second was there");
  for (const { checkpoint, receive } of [first, second]) {
    checkpoint();
    receive("1");
    receive("1");
  }
  deaf.checkpoint();
  deaf.receive("1");
  const offset = first.receive("2");
  second.receive("2");
  deaf.receive("2");
  second.receive("3");
  deaf.receive("3");
  t.deepEqual(second.missed(offset), ["3"]);
  t.is(deaf.missed(offset), undefined);
});

test("an own emit reaches own clients before it returns: their offset accounts for it, nothing is doubled or lost", (t) => {
  const [first, second] = [makeHistory(), makeHistory({ hostId: HOSTS[1] })];
  for (const { checkpoint } of [first, second]) {
    checkpoint();
  }
  const number = first.history.nextEmit();
  const offset = first.history.addOwn(EVERYONE, "own", number);
  // Another message was faster.
  first.receive("other");
  first.history.recordMessage(bytes("own"), false);
  first.history.ownEmitReturned(number);
  second.receive("other");
  second.history.recordMessage(bytes("own"), false);
  second.history.addForeign(EVERYONE, bytes("own"), { hostId: HOSTS[0], emit: number });
  t.deepEqual(first.missed(offset), ["other"]);
  t.deepEqual(second.missed(offset), ["other"]);
});

test("an own emit that has not returned is not in the offset of others", (t) => {
  const [first, second] = [makeHistory(), makeHistory({ hostId: HOSTS[1] })];
  first.checkpoint();
  second.checkpoint();
  const offset = second.receive("received by both");
  first.receive("received by both");
  first.history.addOwn(EVERYONE, "under way", first.history.nextEmit());
  t.deepEqual(first.missed(offset), ["under way"]);
});

test("a client that was idle for longer than anything is kept misses what came since it left", (t) => {
  const { history, receive, missed, pass } = makeHistory();
  const offset = receive("long ago");
  pass(10 * MAX_AGE);
  history.sweep();
  receive("not for it", { rooms: new Set(["x"]) });
  pass(DETECTION + 1);
  receive("while it was there no more");
  t.deepEqual(missed(offset), ["while it was there no more"]);
});

test("a client that is away for longer than emits are kept starts anew", (t) => {
  const { history, receive, missed, pass } = makeHistory();
  const offset = receive("before");
  receive("missed");
  pass(2 * MAX_AGE);
  history.sweep();
  t.is(missed(offset, 1_000_000), undefined);
});

for (const [what, limits] of [
  ["messages", { maxMessages: 10 }],
  ["bytes", { maxBytes: 10_000 }],
] as const) {
  test(`with more ${what} than are kept, a client that missed a dropped one starts anew`, (t) => {
    const { receive, missed, history } = makeHistory(limits);
    const offsets = Array.from({ length: 30 }, (_, number) => receive(`message ${number}!`));
    t.is(missed(offsets[0] as string), undefined);
    t.deepEqual(missed(offsets.at(-2) as string), ["message 29!"]);
    t.deepEqual(missed(offsets.at(-1) as string), []);
    t.is(history.end, 30);
  });
}

test("after a gap, clients from before it start anew, and no others", (t) => {
  const { history, receive, missed, checkpoint, pass } = makeHistory();
  checkpoint();
  const before = receive("before");
  history.interrupted();
  const after = receive("after");
  receive("missed");
  t.is(missed(before), undefined);
  t.deepEqual(missed(after), ["missed"]);
  // Idle since before the gap and connected ever since: it has missed nothing in it.
  pass(DETECTION + 1);
  receive("late");
  t.deepEqual(missed(before), ["late"]);
});

test("what comes before anything was received is missed as well", (t) => {
  const { history, missed } = makeHistory();
  const offset = history.addOwn(EVERYONE, "received", history.nextEmit());
  history.addOwn(EVERYONE, "missed", history.nextEmit());
  t.deepEqual(missed(offset), ["missed"]);
  history.interrupted();
  const later = history.addOwn(EVERYONE, "received", history.nextEmit());
  history.addOwn(EVERYONE, "missed again", history.nextEmit());
  t.deepEqual(missed(later), ["missed again"]);
});

test("an offset that no host has issued is rejected", (t) => {
  for (const offset of ["", "x", "0".repeat(1000), "not an offset at all!", `${"a".repeat(20)}!`]) {
    t.is(parseOffset(offset), undefined);
  }
});

test("what is kept is limited by what it takes in memory, not by the size of its payloads", (t) => {
  const maxBytes = 1024 * 1024;
  for (const audience of [{}, { rooms: new Set(Array.from({ length: 100 }, (_, index) => `room ${index}`)) }]) {
    const { receive, missed } = makeHistory({ maxMessages: 50_000, maxBytes });
    const offsets = Array.from({ length: 2_000 }, () => receive("{}", audience));
    t.is(missed(offsets[0] as string), undefined);
    const kept = offsets.findIndex((offset) => missed(offset) !== undefined);
    // About 1 KB for an emit, and the names of its rooms.
    const each = 1_024 + (audience.rooms?.size ?? 0) * 50;
    t.true((2_000 - kept) * each < maxBytes, `${2_000 - kept} emits`);
    t.true((2_000 - kept) * each * 3 > maxBytes, `${2_000 - kept} emits`);
  }
});

test("no payload keeps the buffer that it came in", (t) => {
  const { history, missed } = makeHistory();
  const frame = Buffer.alloc(1024 * 1024, "x");
  const offset = history.offset;
  for (const size of [10, 20_000]) {
    history.recordMessage(frame.subarray(0, size), false);
    history.addForeign(EVERYONE, frame.subarray(0, size));
  }
  history.addOwn(EVERYONE, frame.subarray(0, 30), history.nextEmit());
  history.addOwn(EVERYONE, "\u016f", history.nextEmit());
  t.deepEqual(
    missed(offset)?.map((payload) => payload.length),
    [10, 20_000, 30, 1],
  );
  const parsed = parseOffset(offset);
  for (const { payload } of (parsed && history.missed(CLIENT, parsed, 0)) ?? []) {
    t.true(payload.buffer.byteLength <= Math.max(65_536, payload.length));
  }
});
