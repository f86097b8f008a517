import { launchKafka } from "../../scripts/environment/brokers/kafka.js";
import { launchRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { launchRedis } from "../../scripts/environment/brokers/redis.js";
import { openBus } from "../../src/bus/open.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp, ManualScope } from "../../src/testing/scope.js";
import { type BusName, bytesOf, type ReleaseRecordings, readRecordings } from "../golden/recordings.js";
import { type Replay, replayToKafka, replayToRabbitmq, replayToRedis } from "../golden/replay.js";
import { CHANNEL, type Tap, type Tapped, tapKafka, tapRabbitmq, tapRedis } from "../golden/taps.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** The managers of Python that share what they write on a broker. */
type Route = "redis" | "kombu" | "rabbitmq" | "kafka";

interface Brokers {
  readonly url: string;
  /** As Node hosts name them. */
  readonly urls: Readonly<Record<Route, string>>;
  readonly taps: Readonly<Record<Route, Tap>>;
  readonly replays: Readonly<Record<Route, Replay>>;
  kill(): Promise<void>;
}

const test = testWithBroker<Brokers>(async () => {
  const scope = new ManualScope();
  const [redis, rabbitmq, kafka] = await Promise.all([launchRedis(), launchRabbitmq(), launchKafka()]);
  for (const broker of [redis, rabbitmq, kafka]) {
    cleanUp(scope, () => broker.kill());
  }
  const { plain, kombu } = await tapRedis(scope, redis.url);
  const toRedis = await replayToRedis(scope, redis.url);
  return {
    url: redis.url,
    urls: { redis: redis.url, kombu: `kombu+${redis.url}/0`, rabbitmq: rabbitmq.url, kafka: kafka.url },
    taps: {
      ...{ redis: plain, kombu },
      rabbitmq: await tapRabbitmq(scope, rabbitmq.url),
      kafka: await tapKafka(scope, kafka.port),
    },
    replays: {
      ...{ redis: toRedis, kombu: toRedis },
      rabbitmq: await replayToRabbitmq(scope, rabbitmq.url),
      kafka: replayToKafka(scope, kafka.port),
    },
    kill: async () => {
      await scope.end();
    },
  };
});

const BUSES: Readonly<Record<Route, readonly BusName[]>> = {
  redis: ["redis", "redis-async"],
  kombu: ["kombu-redis"],
  rabbitmq: ["kombu-amqp", "aio-pika"],
  kafka: ["kafka", "kafka-bytes"],
};

/** What a release has published on that bus; nothing where it cannot publish there, or has no such bus. */
function recordedOn({ release, recordings }: ReleaseRecordings, bus: BusName): readonly Tapped[] {
  const carrier = release.buses[bus];
  if (carrier === undefined || "error" in carrier) {
    return [];
  }
  return recordings
    .filter(({ on }) => on?.includes(bus) ?? true)
    .map(bytesOf)
    .filter((payload) => payload !== undefined)
    .map((payload) => ({ payload, carrier }));
}

const RELEASES = readRecordings();

for (const [route, buses] of Object.entries(BUSES) as [Route, readonly BusName[]][]) {
  test.serial(`${route}: what each release has published arrives byte for byte, and in order`, async (t) => {
    const bus = openBus(t.context.urls[route], CHANNEL, {});
    cleanUp(t, () => bus.close());
    const inbox = new Inbox<string>();
    await bus.subscribe(CHANNEL, (payload) => inbox.add(Buffer.from(payload).toString("latin1")));
    const send = t.context.replays[route];
    const sent: string[] = [];
    for (const one of RELEASES) {
      for (const messages of buses.map((other) => recordedOn(one, other))) {
        await send(messages);
        sent.push(...messages.map(({ payload }) => payload.toString("latin1")));
      }
    }
    t.true(sent.length > 700, `${sent.length} messages`);
    await inbox.find("the last", () => inbox.items.length >= sent.length);
    t.deepEqual(inbox.items, sent);
  });
}

/** What a message has with it that its reader in Python goes by. */
const READ_BY_PYTHON = ["contentType", "contentEncoding", "deliveryMode", "headers"];

function withoutTheRest({ properties, envelope, ...carrier }: Tapped["carrier"]): object {
  const entries = Object.entries((properties ?? {}) as object).filter(([key]) => READ_BY_PYTHON.includes(key));
  return { ...carrier, envelope, properties: Object.fromEntries(entries) };
}

const JSON_MESSAGE = Buffer.from('{"method": "close_room", "room": "ů", "namespace": "/", "host_id": null}');
const BINARY_MESSAGE = Buffer.from([0xde, 0x00, 0x01, 0xa1, 0x61, 0xff]);

for (const [name, route, bus, payload, release] of [
  ["JSON", "redis", "redis", JSON_MESSAGE, "5.18.1"],
  ["JSON", "kombu", "kombu-redis", JSON_MESSAGE, "5.18.1"],
  ["JSON", "rabbitmq", "kombu-amqp", JSON_MESSAGE, "5.18.1"],
  ["JSON", "kafka", "kafka-bytes", JSON_MESSAGE, "5.18.1"],
  ["bytes", "kombu", "kombu-redis", BINARY_MESSAGE, "5.13.0"],
  ["bytes", "rabbitmq", "kombu-amqp", BINARY_MESSAGE, "5.13.0"],
  ["bytes", "kafka", "kafka", BINARY_MESSAGE, "5.13.0"],
] as const) {
  test.serial(
    `${name} of Node has the form on the broker that ${bus} of python-socketio ${release} gives it`,
    async (t) => {
      const node = openBus(t.context.urls[route], CHANNEL, {});
      cleanUp(t, () => node.close());
      await node.publish(CHANNEL, payload);
      const own = await t.context.taps[route].find("the message", (one) => one.payload.equals(payload));
      const recorded = RELEASES.find(({ release: { release: other } }) => other === release)?.release.buses[bus];
      t.deepEqual(withoutTheRest(own.carrier), withoutTheRest(recorded as Tapped["carrier"]));
    },
  );
}
