import { launchRabbitmq, type TestRabbitmq } from "../../scripts/environment/brokers/rabbitmq.js";
import { rabbitmqBus } from "../../src/bus/rabbitmq/rabbitmq-bus.js";
import { Inbox } from "../../src/testing/inbox.js";
import { ownChannel } from "../../src/testing/node-host.js";
import { cleanUp } from "../../src/testing/scope.js";
import { testBusConformance } from "../contracts/bus-conformance.js";
import { openBus } from "../helpers/open-bus.js";
import { startPython } from "../helpers/process.js";
import { startPeer } from "../helpers/python.js";
import { testWithBroker } from "../helpers/shared-broker.js";

/** Enough for the suite, and soon too little. */
const LARGEST_MESSAGE = 2_000_000;

const test = testWithBroker(() => launchRabbitmq({ config: [`max_message_size = ${LARGEST_MESSAGE}`] }));

testBusConformance(test, "RabbitMQ", (t) => rabbitmqBus({ url: t.context.url }));

type Thing = Readonly<Record<string, unknown>> & { readonly name: string };

/** Queues or exchanges whose name has this in it. */
async function list(broker: TestRabbitmq, kind: "queues" | "exchanges", part: string): Promise<readonly Thing[]> {
  return ((await broker.api("GET", kind)) as Thing[]).filter(({ name }) => name.includes(part));
}

test("a host has one queue, which outlives its connection, is bounded and expires after five minutes", async (t) => {
  const channel = ownChannel();
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  await bus.subscribe(channel, () => {});
  const [queue, ...others] = await list(t.context, "queues", channel);
  t.deepEqual(others, []);
  t.regex(queue?.name ?? "", new RegExp(`^socketio-python-bridge\\.[0-9a-f]{32}\\.${channel}$`));
  t.like(queue, { durable: true, exclusive: false, auto_delete: false });
  t.deepEqual(queue?.arguments, {
    "x-queue-type": "classic",
    "x-expires": 300_000,
    "x-overflow": "drop-head",
    "x-max-length": 100_000,
    "x-max-length-bytes": 134_217_728,
  });
});

test("close() leaves nothing behind but the exchange, which is everybody's", async (t) => {
  const channel = ownChannel();
  const [bus, publisher] = [rabbitmqBus({ url: t.context.url }), rabbitmqBus({ url: t.context.url })];
  await bus.subscribe(channel, () => {});
  await publisher.publish(channel, "hello");
  // It is being declared when the bus is closed.
  const declared = bus.subscribe(`${channel}-2`, () => {});
  await Promise.all([t.throwsAsync(declared, { code: "BRIDGE_CLOSED" }), bus.close(), publisher.close()]);
  t.deepEqual(await list(t.context, "queues", channel), []);
  const exchanges = await list(t.context, "exchanges", channel);
  t.true(exchanges.every(({ name }) => name === channel || name === `${channel}-2`));
});

for (const order of ["before", "after"] as const) {
  test(`the exchange is declared as both managers of Python declare it, ${order} them`, async (t) => {
    const channel = ownChannel();
    const bus = rabbitmqBus({ url: t.context.url });
    cleanUp(t, () => bus.close());
    const inbox = new Inbox<string>();
    const subscribe = () => bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
    if (order === "before") {
      await subscribe();
    }
    const peers = [
      await startPeer(t, "threaded", t.context.url, channel),
      await startPeer(t, "asgi", t.context.url, channel),
    ];
    if (order === "after") {
      await subscribe();
    }
    for (const [number, peer] of peers.entries()) {
      await peer.request("emit", { event: `from ${number}` });
      await inbox.find("the emit", (text) => text.includes(`"from ${number}"`));
    }
    const exchange = await t.context.api("GET", `exchanges/%2F/${channel}`);
    t.like(exchange, { type: "fanout", durable: false, auto_delete: false });
  });
}

/** Prints what the real kombu, as `KombuManager` uses it, and the real aio-pika make of each message. */
const READ_BOTH = `
import asyncio, sys, threading, aio_pika, kombu
url, channel = sys.argv[1:]

def show(reader, *values):
    # In one piece: two threads write, and print() ends its line with a second write.
    sys.stdout.write(" ".join([reader, *map(repr, values)]) + "\\n")
    sys.stdout.flush()

def read_kombu():
    exchange = kombu.Exchange(channel, type="fanout", durable=False)
    queue = kombu.Queue("kombu-" + channel, exchange, durable=False, queue_arguments={"x-expires": 300000})
    with kombu.Connection(url) as connection, connection.SimpleQueue(queue) as simple:
        simple._consume()
        show("kombu", "ready")
        while True:
            message = simple.get(block=True)
            message.ack()
            show("kombu", message.payload, message.delivery_info["routing_key"])

async def read_aio_pika():
    connection = await aio_pika.connect_robust(url)
    amqp = await connection.channel()
    exchange = await amqp.declare_exchange(channel, aio_pika.ExchangeType.FANOUT)
    queue = await amqp.declare_queue(durable=False, arguments={"x-expires": 300000})
    await queue.bind(exchange)
    async with queue.iterator() as messages:
        show("aio-pika", "ready")
        async for message in messages:
            async with message.process():
                show("aio-pika", message.body, message.delivery_mode.name)

threading.Thread(target=read_kombu, daemon=True).start()
asyncio.run(read_aio_pika())
`;

/** Two threads that publish at the same moment, again and again. */
const PUBLISH_FROM_THREADS = `
import sys, threading
import socketio

def behind_the_edge(url, channel):
    from socketio_bridge.seams import Seams
    server = socketio.Server(client_manager=socketio.KombuManager(url, channel=channel), async_mode="threading")
    Seams(server)
    return server.manager

def of_the_fixtures(url, channel):
    from managers import create_manager
    return create_manager(url, channel, write_only=True)

manager = globals()[sys.argv[1]](*sys.argv[2:4])
together = threading.Barrier(2)

def publish(thread):
    for number in range(100):
        together.wait(10)
        manager._publish({"method": "emit", "event": thread, "data": number})

threads = [threading.Thread(target=publish, args=[name], daemon=True) for name in ["a", "b"]]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
print(sum(thread.is_alive() for thread in threads))
`;

for (const [where, manager] of [
  ["of a worker behind the edge", "behind_the_edge"],
  ["of a Python host of these tests", "of_the_fixtures"],
] as const) {
  test(`what threads ${where} publish at the same moment arrives`, async (t) => {
    const channel = ownChannel();
    const bus = rabbitmqBus({ url: t.context.url });
    cleanUp(t, () => bus.close());
    const received = new Inbox<string>();
    await bus.subscribe(channel, (payload) => {
      const { event, data } = JSON.parse(payload.toString()) as { event: string; data: number };
      received.add(`${event}${data}`);
    });
    const python = startPython(t, ["-c", PUBLISH_FROM_THREADS, manager, t.context.url, channel]);
    t.is(await python.exited(), 0, python.stderr.items.join("\n"));
    t.deepEqual([python.stdout.items, python.stderr.items], [["0"], []], "no thread waits for ever");
    await bus.publish(channel, JSON.stringify({ event: "end", data: 0 }));
    await received.find("the end", (item) => item === "end0");
    for (const thread of ["a", "b"]) {
      t.deepEqual(
        received.items.filter((item) => item.startsWith(thread)),
        Array.from({ length: 100 }, (_, number) => `${thread}${number}`),
      );
    }
  });
}

test("text arrives at kombu as str and bytes as bytes, at aio-pika both as bytes; all of it persistent", async (t) => {
  const channel = ownChannel();
  const python = startPython(t, ["-c", READ_BOTH, t.context.url, channel]);
  await python.stdout.find("kombu", (line) => line === "kombu 'ready'");
  await python.stdout.find("aio-pika", (line) => line === "aio-pika 'ready'");
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  await bus.publish(channel, '{"method": "žluť"}');
  await bus.publish(channel, Buffer.from('{"method": "bytes"}'));
  await bus.publish(channel, Uint8Array.of(0x81, 0xa6, 0xff));
  await python.stdout.find("the last", (line) => line.startsWith("kombu b"));
  await python.stdout.find("the last", (line) => line.includes("\\xff' 'PERSISTENT'"));
  const received = (reader: string) => python.stdout.items.filter((line) => line.startsWith(reader)).slice(1);
  t.deepEqual(received("kombu"), [
    `kombu '{"method": "žluť"}' ''`,
    `kombu '{"method": "bytes"}' ''`,
    `kombu b'\\x81\\xa6\\xff' ''`,
  ]);
  t.deepEqual(received("aio-pika"), [
    `aio-pika b'{"method": "\\xc5\\xbelu\\xc5\\xa5"}' 'PERSISTENT'`,
    `aio-pika b'{"method": "bytes"}' 'PERSISTENT'`,
    `aio-pika b'\\x81\\xa6\\xff' 'PERSISTENT'`,
  ]);
});

test("a message that is larger than the broker accepts is refused, and those around it are not", async (t) => {
  const channel = ownChannel();
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  const inbox = new Inbox<number>();
  await bus.subscribe(channel, (payload) => inbox.add(payload.byteLength));
  const before = bus.publish(channel, "x".repeat(1));
  const tooLarge = bus.publish(channel, "x".repeat(LARGEST_MESSAGE + 1));
  const after = bus.publish(channel, "x".repeat(2));
  await t.throwsAsync(tooLarge, {
    code: "BRIDGE_BROKER_UNAVAILABLE",
    message: /RabbitMQ at .* refused to publish to ".*": PRECONDITION_FAILED - message size \d+/,
  });
  await Promise.all([before, after]);
  await inbox.find("the last", (size) => size === 2);
  t.deepEqual([...new Set(inbox.items)], [1, 2]);
});

test("a message that somebody else's queue rejects reaches the others, and that is told", async (t) => {
  const channel = ownChannel();
  const { bus, listen, errors } = openBus(t, rabbitmqBus({ url: t.context.url }));
  const inbox = await listen(channel);
  const full = { durable: true, arguments: { "x-max-length": 1, "x-overflow": "reject-publish", "x-expires": 60_000 } };
  await t.context.api("PUT", `queues/%2F/full-${channel}`, full);
  await t.context.api("POST", `bindings/%2F/e/${channel}/q/full-${channel}`, {});
  await bus.publish(channel, "the only one");
  await bus.publish(channel, "one too many for it");
  await inbox.find("the message", (text) => text === "one too many for it");
  t.deepEqual(inbox.items, ["the only one", "one too many for it"]);
  t.is(errors().length, 1);
  t.regex(
    errors().join(),
    /RabbitMQ at .* did not get a message to all readers of ".*": a queue that is bound to it did not take it/,
  );
});

test("an exchange of that name with other properties is an error with the broker's reason", async (t) => {
  const channel = ownChannel();
  await t.context.api("PUT", `exchanges/%2F/${channel}`, { type: "fanout", durable: true });
  cleanUp(t, () => t.context.api("DELETE", `exchanges/%2F/${channel}`));
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  const reason = /PRECONDITION_FAILED - inequivalent arg 'durable' for exchange/;
  await t.throwsAsync(
    bus.subscribe(channel, () => {}),
    { code: "BRIDGE_BROKER_UNAVAILABLE", message: reason },
  );
  await t.throwsAsync(bus.publish(channel, "x"), { code: "BRIDGE_BROKER_UNAVAILABLE", message: reason });
});

test("a channel whose name is too long for an exchange is refused", async (t) => {
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  const longest = `${ownChannel()}${"x".repeat(255)}`.slice(0, 255);
  const inbox = new Inbox<string>();
  await bus.subscribe(longest, (payload) => inbox.add(Buffer.from(payload).toString()));
  await bus.publish(longest, "hello");
  t.is(await inbox.find("the message", () => true), "hello");
  for (const refused of [bus.subscribe(`${longest}x`, () => {}), bus.publish(`${longest}x`, "x")]) {
    await t.throwsAsync(refused, { code: "BRIDGE_INVALID_OPTION", message: /longer than the 255 bytes/ });
  }
  await t.throwsAsync(
    bus.subscribe("amq.x", () => {}),
    { code: "BRIDGE_BROKER_UNAVAILABLE", message: /ACCESS_REFUSED/ },
  );
});

/** Publishes a message whose headers are a table in a table, that many times over. */
const PUBLISH_NESTED = `
import amqp, amqp.basic_message, struct, sys
port, channel, depth = sys.argv[1:]
headers = b""
for _ in range(int(depth)):
    headers = b"\\x01aF" + struct.pack(">I", len(headers)) + headers
amqp.basic_message.Message._serialize_properties = lambda self: struct.pack(">HI", 0x2000, len(headers)) + headers
connection = amqp.Connection(f"127.0.0.1:{port}", confirm_publish=True)
connection.connect()
connection.channel().basic_publish(amqp.Message(b"nested"), exchange=channel)
`;

test.serial("a message that amqplib cannot read costs the queue, and not the subscription", async (t) => {
  const channel = ownChannel();
  const bus = rabbitmqBus({ url: t.context.url });
  cleanUp(t, () => bus.close());
  const [inbox, errors] = [new Inbox<string>(), new Inbox<string>()];
  bus.onStatus((status) => status.type === "error" && errors.add(status.error.message));
  await bus.subscribe(channel, (payload) => inbox.add(Buffer.from(payload).toString()));
  const [queue] = await list(t.context, "queues", channel);
  const publish = (depth: number) =>
    startPython(t, ["-c", PUBLISH_NESTED, ...[t.context.port, channel, depth].map(String)]);
  await publish(100).exited();
  await inbox.find("the readable message", (text) => text === "nested");
  await publish(10_000).exited();
  await errors.find("the loss", (text) => text.startsWith("amqplib cannot read a message"));
  const timer = setInterval(() => void bus.publish(channel, "after").catch(() => {}), 50);
  cleanUp(t, () => clearInterval(timer));
  await inbox.find("a later message", (text) => text === "after");
  let queues: readonly Thing[];
  do {
    queues = await list(t.context, "queues", channel);
  } while (queues.length > 1);
  t.not(queues[0]?.name, queue?.name);
});

test.serial("twenty thousand messages: none lost, none duplicated, in order", async (t) => {
  const channel = ownChannel();
  const [sender, receiver] = [
    rabbitmqBus({ url: t.context.url, outage: { maxMessages: 20_000 } }),
    rabbitmqBus({ url: t.context.url }),
  ];
  cleanUp(t, () => Promise.all([sender.close(), receiver.close()]));
  const inbox = new Inbox<number>();
  await receiver.subscribe(channel, (payload) => inbox.add(Number(Buffer.from(payload).toString())));
  const numbers = Array.from({ length: 20_000 }, (_, number) => number);
  const outcomes = await Promise.allSettled(numbers.map((number) => sender.publish(channel, String(number))));
  t.true(outcomes.every(({ status }) => status === "fulfilled"));
  await inbox.find("the last", (number) => number === numbers.length - 1);
  t.deepEqual(inbox.items, numbers);
});
