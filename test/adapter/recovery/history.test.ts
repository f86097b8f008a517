import test from "ava";
import { History } from "../../../src/adapter/recovery/history.js";
import { parseOffset } from "../../../src/adapter/recovery/offset.js";

const HOSTS = ["a", "b"].map((letter) => letter.repeat(32)) as [string, string];
const MAX_AGE = 1_000;
/** How long it takes at most to find out that a connection is dead. */
const DETECTION = 100;

const EVERYONE = { namespace: "/", rooms: new Set<string>(), skipSids: new Set<string>(), except: new Set<string>() };
const CLIENT = { namespace: "/", sid: "sid", rooms: ["r"] };

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array | string) =>
  typeof payload === "string" ? payload : new TextDecoder().decode(payload);

function makeHistory({ hostId = HOSTS[0], maxMessages = 100, maxBytes = 10_000 } = {}) {
  let time = 1_000_000;
  const history = new History({ hostId, maxMessages, maxBytes, maxAge: MAX_AGE, now: () => time });
  return {
    history,
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    mark: () => history.recordMessage(bytes("mark"), true),
    /** A message of a Python host. */
    hear: (payload: string, audience: Partial<typeof EVERYONE> = {}) => {
      history.recordMessage(bytes(payload), false);
      return history.addForeign({ ...EVERYONE, ...audience }, bytes(payload));
    },
    /** For a client that leaves at this moment. */
    missed: (offset: string, leftAt = time) => {
      const parsed = parseOffset(offset);
      return parsed && history.missed(CLIENT, parsed, leftAt - DETECTION)?.map(({ payload }) => text(payload));
    },
  };
}

test("what comes after an offset is missed, by whom it is for", (t) => {
  const { hear, missed } = makeHistory();
  hear("1");
  const offset = hear("2");
  hear("3");
  hear("to the room", { rooms: new Set(["r", "x"]) });
  hear("to the sid", { rooms: new Set(["sid"]) });
  hear("elsewhere", { rooms: new Set(["x"]) });
  hear("skipped", { skipSids: new Set(["sid"]) });
  hear("a room's name is no sid", { skipSids: new Set(["r"]) });
  hear("excepted by room", { except: new Set(["r"]) });
  hear("excepted by sid", { except: new Set(["sid"]) });
  hear("other namespace", { namespace: "/other" });
  t.deepEqual(missed(offset), ["3", "to the room", "to the sid", "a room's name is no sid"]);
});

test("two hosts that heard the same since a mark agree on an offset, and others do not", (t) => {
  const [first, second, deaf] = [makeHistory(), makeHistory({ hostId: HOSTS[1] }), makeHistory({ hostId: HOSTS[1] })];
  first.hear("before the second was there");
  for (const { mark, hear } of [first, second]) {
    mark();
    hear("1");
    hear("1");
  }
  deaf.mark();
  deaf.hear("1");
  const offset = first.hear("2");
  second.hear("2");
  deaf.hear("2");
  second.hear("3");
  deaf.hear("3");
  t.deepEqual(second.missed(offset), ["3"]);
  t.is(deaf.missed(offset), undefined);
});

test("an own emit reaches own clients before the channel: their offset tells, and nothing is doubled or lost", (t) => {
  const [first, second] = [makeHistory(), makeHistory({ hostId: HOSTS[1] })];
  for (const { mark } of [first, second]) {
    mark();
  }
  const number = first.history.nextEmit();
  const offset = first.history.addOwn(EVERYONE, "own", number);
  // Another message was faster.
  first.hear("other");
  first.history.recordMessage(bytes("own"), false);
  first.history.ownEmitReturned(number);
  second.hear("other");
  second.history.recordMessage(bytes("own"), false);
  second.history.addForeign(EVERYONE, bytes("own"), { hostId: HOSTS[0], emit: number });
  t.deepEqual(first.missed(offset), ["other"]);
  t.deepEqual(second.missed(offset), ["other"]);
});

test("an own emit that has not come back is not in the offset of others", (t) => {
  const [first, second] = [makeHistory(), makeHistory({ hostId: HOSTS[1] })];
  first.mark();
  second.mark();
  const offset = second.hear("heard by both");
  first.hear("heard by both");
  first.history.addOwn(EVERYONE, "under way", first.history.nextEmit());
  t.deepEqual(first.missed(offset), ["under way"]);
});

test("a client that was quiet for longer than anything is kept misses what came since it left", (t) => {
  const { history, hear, missed, pass } = makeHistory();
  const offset = hear("long ago");
  pass(10 * MAX_AGE);
  history.sweep();
  hear("not for it", { rooms: new Set(["x"]) });
  pass(DETECTION + 1);
  hear("while it was there no more");
  t.deepEqual(missed(offset), ["while it was there no more"]);
});

test("who is away for longer than is kept begins anew", (t) => {
  const { history, hear, missed, pass } = makeHistory();
  const offset = hear("before");
  hear("missed");
  pass(2 * MAX_AGE);
  history.sweep();
  t.is(missed(offset, 1_000_000), undefined);
});

for (const [what, limits] of [
  ["messages", { maxMessages: 10 }],
  ["bytes", { maxBytes: 100 }],
] as const) {
  test(`more ${what} than are kept: who missed one of those that are gone begins anew`, (t) => {
    const { hear, missed, history } = makeHistory(limits);
    const offsets = Array.from({ length: 30 }, (_, number) => hear(`message ${number}!`));
    t.is(missed(offsets[0] as string), undefined);
    t.deepEqual(missed(offsets.at(-2) as string), ["message 29!"]);
    t.deepEqual(missed(offsets.at(-1) as string), []);
    t.is(history.end, 30);
  });
}

test("after a gap everyone begins anew who was there before it, and nobody else", (t) => {
  const { history, hear, missed, mark, pass } = makeHistory();
  mark();
  const before = hear("before");
  history.interrupted();
  const after = hear("after");
  hear("missed");
  t.is(missed(before), undefined);
  t.deepEqual(missed(after), ["missed"]);
  // Quiet since before the gap, and there ever since: it has missed nothing that was not its own to miss.
  pass(DETECTION + 1);
  hear("late");
  t.deepEqual(missed(before), ["late"]);
});

test("what comes before anything was heard is missed as well", (t) => {
  const { history, missed } = makeHistory();
  const offset = history.addOwn(EVERYONE, "received", history.nextEmit());
  history.addOwn(EVERYONE, "missed", history.nextEmit());
  t.deepEqual(missed(offset), ["missed"]);
  history.interrupted();
  const later = history.addOwn(EVERYONE, "received", history.nextEmit());
  history.addOwn(EVERYONE, "missed again", history.nextEmit());
  t.deepEqual(missed(later), ["missed again"]);
});

test("an offset that nobody has given is none", (t) => {
  for (const offset of ["", "x", "0".repeat(1000), "not an offset at all!", `${"a".repeat(20)}!`]) {
    t.is(parseOffset(offset), undefined);
  }
});
