import test from "ava";
import { freePort } from "../../scripts/environment/free-port.js";
import { type ClosedDoor, testEarlyClose } from "../contracts/connections/early-close.js";
import { testMute } from "../contracts/connections/mute.js";
import { startMuteServer } from "../helpers/mute-server.js";

type Port = () => Promise<number>;

/** How each bus is told of a broker of this machine. ZeroMQ has two ports. */
const URLS: readonly (readonly [title: string, makeUrl: (port: Port) => Promise<string>, mute: RegExp])[] = [
  [
    "Redis",
    async (port) => `redis://127.0.0.1:${await port()}`,
    /^Redis at 127.*:\d+ accepts connections, and answers nothing within 10 s$/,
  ],
  ["Redis over TLS", async (port) => `rediss://127.0.0.1:${await port()}`, /^Redis at 127.*: connect ETIMEDOUT$/],
  [
    "a Redis that Kombu uses",
    async (port) => `kombu+redis://127.0.0.1:${await port()}`,
    /^Redis at 127.*:\d+ accepts connections, and answers nothing within 10 s$/,
  ],
  [
    "a node of a Redis Cluster",
    async (port) => `redis+cluster://127.0.0.1:${await port()}`,
    /^Redis at 127.*:\d+ accepts connections, and answers nothing within 10 s$/,
  ],
  [
    "Sentinel",
    async (port) => `redis+sentinel://127.0.0.1:${await port()}/0/m`,
    /^Redis at 127.*: Sentinel at 127.*:\d+: Command timed out$/,
  ],
  ["RabbitMQ", async (port) => `amqp://127.0.0.1:${await port()}`, /^RabbitMQ at 127.*:\d+: connect ETIMEDOUT$/],
  [
    "RabbitMQ over TLS",
    async (port) => `amqps://127.0.0.1:${await port()}`,
    /^RabbitMQ at 127.*:\d+: connect ETIMEDOUT$/,
  ],
  [
    "Kafka",
    async (port) => `kafka://127.0.0.1:${await port()}`,
    /^Kafka at 127.*:\d+: (Request timed out|no answer within 10000 ms); /,
  ],
  [
    "Kafka over TLS",
    async (port) => `kafka://127.0.0.1:${await port()}?security_protocol=SSL`,
    /^Kafka at 127.*:\d+: Connection to 127.*:\d+ timed out\.$/,
  ],
  [
    "a forwarder of ZeroMQ",
    async (port) => `zmq+tcp://127.0.0.1:${await port()}+${await port()}`,
    /^ZeroMQ at 127.*:\d+: what is sent to it does not come back from port \d+$/,
  ],
];

testMute(
  test,
  URLS.map(([title, makeUrl, reason]) => ({ title, makeUrl, reason })),
);

const ALIKE: readonly string[] = ["a Redis that Kombu uses", "a node of a Redis Cluster"];

testEarlyClose(
  test,
  URLS.filter(([title]) => !ALIKE.includes(title)).flatMap(([title, makeUrl]): readonly ClosedDoor<unknown>[] => [
    ...(title.endsWith("TLS") ? [] : [{ title: `${title} that is down`, makeUrl: () => makeUrl(freePort) }]),
    { title: `${title} that answers nothing`, makeUrl: (t) => makeUrl(() => startMuteServer(t)) },
  ]),
);
