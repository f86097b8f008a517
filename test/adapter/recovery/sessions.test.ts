import test from "ava";
import { type KeptSession, readSession, Sessions } from "../../../src/adapter/recovery/sessions.js";
import { decodeSideChannel } from "../../../src/protocol/side-channel/decode.js";
import { encodeSideChannel } from "../../../src/protocol/side-channel/encode.js";

const MIB = 1024 * 1024;

const item = (pid: string, more: object = {}) => ({
  sid: `sid of ${pid}`,
  pid,
  rooms: [],
  data: {},
  away: 0,
  privates: [],
  checkpoint: { host: "x", number: 1 },
  ...more,
});

/** As another host would have sent it. */
function received(...items: readonly object[]): readonly KeptSession[] {
  const message = { type: "exported_sessions", from: "a".repeat(32), namespace: "/", items } as const;
  const decoded = decodeSideChannel(encodeSideChannel(message, 16 * MIB), 16 * MIB);
  const sent = decoded.kind === "message" && decoded.message.type === "exported_sessions" ? decoded.message.items : [];
  return sent.map(readSession).filter((session) => session !== undefined);
}

const own = (pid: string, data: unknown): KeptSession => ({
  session: { sid: `sid of ${pid}`, pid, rooms: [], data },
  leftAt: performance.now(),
  isOwn: true,
  since: 0,
  privates: [],
  checkpoint: undefined,
});

const makeSessions = (maxBytes: number, maxSessions = 10_000) =>
  new Sessions({ maxSessions, maxBytes, maxAge: 60_000 });

test("a session of another host keeps its own bytes, not the message that it came in", (t) => {
  const small = Buffer.from([1, 2]);
  const [session] = received(
    item("small", { data: { deep: [{ small }] }, privates: [{ payload: small, offset: "o" }] }),
    item("large", { data: Buffer.alloc(4 * MIB) }),
  );
  const data = session?.session.data as { readonly deep: readonly [{ readonly small: Buffer }] } | undefined;
  const [kept, payload] = [data?.deep[0].small ?? Buffer.alloc(0), session?.privates[0]?.payload as Buffer];
  for (const bytes of [kept, payload]) {
    t.deepEqual(bytes, small);
    t.true(bytes.buffer.byteLength < MIB, `${bytes.buffer.byteLength} bytes`);
  }
});

test("sessions are limited by the memory that they take, the oldest make room", (t) => {
  for (const data of [
    Buffer.alloc(100_000),
    "x".repeat(50_000),
    Array.from({ length: 2_000 }, () => null),
    Object.fromEntries(Array.from({ length: 700 }, (_, index) => [`key ${index}`, {}])),
  ]) {
    // A session of a client of this host counts with 16 KiB at most.
    for (const [from, limit] of [
      ["another host", MIB],
      ["here", 160 * 1024],
    ] as const) {
      const sessions = makeSessions(limit);
      const pids = Array.from({ length: 30 }, (_, index) => String(index));
      for (const pid of pids) {
        for (const kept of from === "here" ? [own(pid, structuredClone(data))] : received(item(pid, { data }))) {
          sessions.keep(kept);
        }
      }
      const left = pids.filter((pid) => sessions.get(pid) !== undefined);
      t.true(left.length >= 7 && left.length <= 14, `${left.length} of ${typeof data}s from ${from}`);
      t.deepEqual(left, pids.slice(-left.length));
      for (const pid of pids) {
        sessions.delete(pid);
      }
      sessions.keep(own("later", data));
      t.not(sessions.get("later"), undefined);
    }
  }
});

test("a session of another host that is heavier than all may be is not kept, and costs no other", (t) => {
  const sessions = makeSessions(MIB);
  for (const kept of received(item("small"), item("large", { data: Buffer.alloc(2 * MIB) }))) {
    sessions.keep(kept);
  }
  t.not(sessions.get("small"), undefined);
  t.is(sessions.get("large"), undefined);
});

test("data that refers to much of the application does not keep its client from resuming", (t) => {
  const shared: Record<string, unknown> = { list: Array.from({ length: 100_000 }, (_, index) => ({ index })) };
  shared.cycle = shared;
  Object.defineProperty(shared, "broken", {
    enumerable: true,
    get: () => {
      throw new Error("of the application");
    },
  });
  const sessions = makeSessions(8 * MIB);
  for (const pid of ["a", "b"]) {
    sessions.keep(own(pid, shared));
  }
  t.is(sessions.get("a")?.session.data, shared);
  t.is(sessions.get("b")?.session.data, shared);
});

test("the number of sessions is limited, and a newer one of the same client stays", (t) => {
  const sessions = makeSessions(MIB, 2);
  for (const pid of ["a", "b", "c"]) {
    sessions.keep(own(pid, {}));
  }
  t.deepEqual(
    sessions.own.map(({ session }) => session.pid),
    ["b", "c"],
  );
  sessions.keep({ ...own("c", "older"), leftAt: 0 });
  t.deepEqual(sessions.get("c")?.session.data, {});
});
