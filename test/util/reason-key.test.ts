import test from "ava";
import { reasonKey } from "../../src/util/reason-key.js";

for (const [what, one, other] of [
  [
    "addresses of a name",
    "Redis at r:6379: connect ECONNREFUSED 10.0.0.1:6379",
    "Redis at r:6379: connect ECONNREFUSED 10.0.0.2:6379",
  ],
  ["IPv6 addresses", "Redis at r:1: connect ECONNREFUSED fe80::a:1", "Redis at r:1: connect ECONNREFUSED fe80::b1c:1"],
  ["durations", "Kafka at k:1: no connection within 1500 ms", "Kafka at k:1: no connection within 1501 ms"],
  ["times", "X at h: 2026-01-01T00:00:00.123Z refused", "X at h: 2026-02-03T04:05:06.789Z refused"],
  ["identifiers", "Kafka at k:1: [3f2a-11]: Access denied", "Kafka at k:1: [99bc-e2]: Access denied"],
  [
    "several addresses in any order",
    "X at h: connect E ::1:1; connect F 1.2.3.4:1",
    "X at h: connect F 1.2.3.4:2; connect E ::1:2",
  ],
  ["one address or several", "X at h: connect E 1.1.1.1:1", "X at h: connect E 1.1.1.1:1; connect E 1.1.1.2:1"],
] as const) {
  test(`${what} make no other reason`, (t) => {
    t.is(reasonKey(one), reasonKey(other));
  });
}

for (const [what, one, other] of [
  ["brokers", "RabbitMQ at h1:5672: connection refused", "RabbitMQ at h2:5672: connection refused"],
  ["words", "Redis at r:1: connect ECONNREFUSED 1.1.1.1:1", "Redis at r:1: connect ETIMEDOUT 1.1.1.1:1"],
  ["channels", 'the topic "a1" has no partition 0', 'the topic "a2" has no partition 0'],
  [
    "channels that have a colon",
    'Redis refused to publish to "c: 1": NOPERM',
    'Redis refused to publish to "c: 2": NOPERM',
  ],
] as const) {
  test(`other ${what} make another reason`, (t) => {
    t.not(reasonKey(one), reasonKey(other));
  });
}
