import test from "ava";
import { compareHandlers } from "../../src/edge/served-by.js";

const python = (events: readonly string[], any = false) => ({ events: new Set(events), any });

const server = (events: readonly string[], has: { connect?: boolean; disconnect?: boolean } = {}) => ({
  isSeen: true,
  connect: has.connect ?? true,
  events: new Set(events),
  disconnect: has.disconnect ?? false,
});

test("an event that both have is TypeScript's, and the table says that Python has it too", (t) => {
  const [table] = compareHandlers(new Map([["/", server(["say", "ban"])]]), new Map([["/", python(["say", "join"])]]));
  t.deepEqual(table, {
    namespace: "/",
    isSeen: true,
    connect: "both",
    events: [
      { event: "ban", servedBy: "TypeScript" },
      { event: "join", servedBy: "Python" },
      { event: "say", servedBy: "both" },
    ],
    otherEvents: "nobody",
    disconnect: "Python",
  });
});

test("a catch-all handler of Python takes the others, and is no second handler of an event of TypeScript", (t) => {
  const [table] = compareHandlers(new Map([["/", server(["say"])]]), new Map([["/", python([], true)]]));
  t.deepEqual(table?.events, [{ event: "say", servedBy: "TypeScript" }]);
  t.is(table?.otherEvents, "Python");
});

test("a namespace that one of them has is served by that one alone, and Python's * is a row of its own", (t) => {
  const tables = compareHandlers(
    new Map([["/ours", server([], { disconnect: true })]]),
    new Map([
      ["/theirs", python([])],
      ["*", python(["say"])],
    ]),
  );
  t.deepEqual(
    tables.map(({ namespace, connect, events, otherEvents, disconnect }) => [
      ...[namespace, connect, events.length, otherEvents, disconnect],
    ]),
    [
      ["*", "Python", 1, "nobody", "Python"],
      ["/ours", "TypeScript", 0, "nobody", "TypeScript"],
      ["/theirs", "Python", 0, "nobody", "Python"],
    ],
  );
});
