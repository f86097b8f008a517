import { stripVTControlCharacters } from "node:util";
import test from "ava";
import { runReport } from "../../../bench/chaos/report.js";

test("a report has every pair, the seed, and what happened around a failure", (t) => {
  const text = stripVTControlCharacters(
    runReport("Redis", {
      ...{ bus: "redis", seed: 7, minutes: 5, rate: 10, heartbeatInterval: 5_000 },
      pairs: [
        {
          ...{ sender: "node-1", receiver: "node-2", expected: 10, received: 6, silent: 1, doubled: 0 },
          announced: { dropped: 2, "host reconnecting": 1 },
        },
      ],
      failures: [
        {
          ...{ kind: "silent loss", text: "1 lost without a word", sender: "node-1", receiver: "node-2" },
          ...{ numbers: [5], at: 61_000 },
        },
      ],
      deeds: [
        { from: 1_000, to: 2_000, text: "node-1 killed" },
        { from: 60_000, to: 62_000, text: "node-2 cut off" },
      ],
      statuses: [{ member: "node-2", at: 60_100, text: "reconnecting" }],
    }),
  );
  t.regex(text, /^node-1 +node-2 +10 +6 +0 +1 2 dropped, 1 host reconnecting$/m);
  t.regex(
    text,
    /seed 7, 5 min: 10 deliveries expected, 4 missing, 3 of them announced, 1 silently; 2 faults; 1 failures/,
  );
  t.regex(
    text,
    /silent loss: node-1 at the client of node-2: 1 lost without a word, first at 61\.00 s\n {4}numbers 5\n/,
  );
  t.regex(text, /60\.00 s node-2 cut off \(until 62\.00 s\)\n.*60\.10 s node-2: reconnecting/);
  t.false(text.includes("node-1 killed"));
});
