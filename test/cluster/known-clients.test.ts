import test from "ava";
import { KnownClients } from "../../src/cluster/known-clients.js";

test("a client is known in its namespace, and the one that was asked least recently is forgotten first", (t) => {
  const known = new KnownClients();
  known.add("/", "first");
  known.add("/", "second");
  t.true(known.has("/", "first"));
  t.false(known.has("/chat", "first"));
  for (let number = 0; number < 9_999; number += 1) {
    known.add("/", String(number));
  }
  t.false(known.has("/", "second"));
  t.true(known.has("/", "first"));
});
