import { execFileSync } from "node:child_process";
import anyTest, { type TestFn } from "ava";
import { testEnvironment } from "../../scripts/environment/environment.js";
import { parseKafkaUrl } from "../../src/bus/kafka/url.js";
import { kombuRedisBus } from "../../src/bus/kombu/kombu-redis-bus.js";
import { parseAmqpUrl } from "../../src/bus/rabbitmq/url.js";
import { parseRedisUrl } from "../../src/bus/redis/url.js";

/** After a host or alone: how a login, a port, a query and the like may be written. */
const LOGINS = [
  ["", ":@", "@", "u@", "u:@", ":p@", "u:p@", "u:p:q@", "u:p@ss@", "u%3Ax:p@", "u%2Fx:p@"],
  [
    ":100%@",
    "u:50%off@",
    ":%zz@",
    "u:p%40@",
    "u:p%2525@",
    ":a+b@",
    ":a%2Bb@",
    "u:ü%zz@",
    "ü:%C3%BC@",
    ":p%0A@",
    ":%5C@",
  ],
].flat();
const PORTS = ["", ":", ":0", ":1", ":06380", ":65535", ":65536", ":x", ":+1", ": 1", ":1:2"];
const HOSTS = ["", "h", "h.example", "[::1]", "[::1]:7", "h\n", "h\t:1"];

const around = (scheme: string, path: string): readonly string[] => [
  ...LOGINS.map((login) => `${scheme}://${login}h:1${path}`),
  ...PORTS.map((port) => `${scheme}://h${port}${path}`),
  ...HOSTS.map((host) => `${scheme}://${host}${path}`),
  ...["p/q", "p?q", "p#q"].map((password) => `${scheme}://:${password}@h`),
];

const PATHS = [
  "/",
  "/0",
  "/3",
  "/3/",
  "//2",
  "/0/foo",
  "/zero",
  "/ 2",
  "/+2",
  "/1_0",
  "/%32",
  "/2 ",
  "/2\n",
  "/0;x=1",
  "/0#1",
];
const QUERIES = [
  "db=5",
  "db=",
  "db=&db=2",
  "db=1&db=2",
  "db=x",
  "x=1;db=2",
  "password=p@q",
  "password=100%&db=1",
].concat([
  "username=a%2Bb&password=%E4",
  "password=a+b",
  "password=",
  "db=1_0",
  "username=w&password=q",
  "socket_timeout=5",
]);

const REDIS = [
  ...around("redis", "/1"),
  ...PATHS.map((path) => `redis://h${path}`),
  ...QUERIES.flatMap((query) => [`redis://h?${query}`, `redis://u:p@h:1/4?${query}`, `unix:///a?${query}`]),
  ...["unix:///a", "unix://a/b", "unix://u:p@/a/b", "unix:///a b", "unix:///a%zz", "unix:///a@b", "unix://u:100%@/a"],
  ...["redis://h%2Ex", "redis://::1:2:x", "redis:/h", "redis:h", " redis://h", "rediss://h/2", "redis://:%C3%28@h"],
  ...["redis://h/0@1", "redis://h#x@y"],
];

const SENTINEL = [
  ...["", "u@", ":p@", "u:p@", ":100%@", ":a@b@", "u:50%off@"].map((login) => `redis+sentinel://${login}h:1,i:2/0/m`),
  ...["", "/", "/1", "//m", "/0/m", "/0/m/x", "/x/m", "/ 1/m", "/0/m?ssl=no&sentinel_password=x@y"].map(
    (path) => `redis+sentinel://h:1${path}`,
  ),
  "valkey+sentinel://h:1/2/m",
];

const AMQP = [
  ...around("amqp", "/v"),
  ...[
    "",
    "/",
    "//",
    "///",
    "/%2F",
    "/v/",
    "//v",
    "/a/b",
    "/a%2Fb",
    "/a b",
    "/a+b",
    "/a%2Bb",
    "/é",
    "/%C3%A9",
    "/v\n",
    "/v ",
  ],
  ...["/%zz", "/100%", "/a%25b", "/a%2525", "/a@b", "/v#x", "/\\x", "/%5Cx"],
].map((text) => (text.startsWith("amqp") ? text : `amqp://h${text}`));

const KAFKA = [
  "kafka://",
  "kafka://h",
  "kafka://h:1",
  "kafka:// h:1",
  "kafka://h:1 ",
  "kafka://h:1\n",
  "kafka://[::1]",
].concat(["kafka://[::1]:7", "kafka://::1", "kafka://h:x", "kafka://H:1"]);

/** What only one of the two clients of RabbitMQ accepts. */
const IS_DISPUTED = /:[ +]1\//;

type Kind = "redis" | "sentinel" | "kombu-redis" | "kombu-amqp" | "aio-pika" | "kafka";
type Parts = Readonly<Record<string, unknown>>;

function ours(kind: Kind, url: string): Parts {
  switch (kind) {
    case "redis": {
      const { tls, ...parts } = parseRedisUrl(url, "c");
      return { db: 0, ...parts };
    }
    case "sentinel": {
      const { sentinels, name, username, password, db = 0 } = parseRedisUrl(url, "c");
      return { sentinels, service: name === "c" ? null : name, username, password, db };
    }
    case "kombu-redis":
      kombuRedisBus({ url: `kombu+${url}` });
      return { db: 0, ...parseRedisUrl(url, "c") };
    case "kombu-amqp":
    case "aio-pika": {
      const [{ tls, ...parts }] = parseAmqpUrl(url) as [ReturnType<typeof parseAmqpUrl>[0]];
      return parts;
    }
    case "kafka":
      return { ...parseKafkaUrl(url).bootstrap[0] };
  }
}

/** A host's name has no case, and Kombu and aio-pika leave out what is the default anyway. */
function comparable(parts: Parts): Parts {
  const isGiven = ([, value]: [string, unknown]) => value !== undefined && value !== null;
  const lower = ([name, value]: [string, unknown]) => [name, name === "host" ? String(value).toLowerCase() : value];
  return Object.fromEntries(Object.entries(parts).filter(isGiven).map(lower));
}

const CASES: readonly (readonly [Kind, string])[] = [
  ...REDIS.map((url) => ["redis", url] as const),
  ...SENTINEL.map((url) => ["sentinel", url] as const),
  ...around("redis", "/1").map((url) => ["kombu-redis", url] as const),
  ...["", "/", "/3", "//3", "/%33", "/zero", "/3/"].map((path) => ["kombu-redis", `redis://h${path}`] as const),
  ...AMQP.flatMap((url) => [["kombu-amqp", url] as const, ["aio-pika", url] as const]),
  ...KAFKA.map((url) => ["kafka", url] as const),
];

const test = anyTest as TestFn<{ readonly answers: readonly Parts[] }>;

test.before((t) => {
  const input = CASES.map((one) => `${JSON.stringify(one)}\n`).join("");
  const output = execFileSync(testEnvironment().python, ["test/fixtures/broker_urls.py"], { input, encoding: "utf8" });
  const answers = output.trim().split("\n");
  t.is(answers.length, CASES.length);
  t.context = { answers: answers.map((line) => JSON.parse(line) as Parts) };
});

for (const kind of new Set(CASES.map(([kind]) => kind))) {
  test(`what Python accepts is accepted, and means the same: ${kind}`, (t) => {
    let accepted = 0;
    for (const [index, [of, url]] of CASES.entries()) {
      const answer = t.context.answers[index] as Parts;
      if (of === kind && !("error" in answer) && !(kind === "aio-pika" && IS_DISPUTED.test(url))) {
        accepted += 1;
        t.deepEqual(comparable(ours(kind, url)), comparable(answer), JSON.stringify(url));
      }
    }
    t.true(accepted > 5);
  });
}
