import { type Call, type Client, type Command, type CommandGroup, shown } from "./command.js";
import { array, bulk, error, integer, NULL, type Reply } from "./reply.js";

const MANY = Number.POSITIVE_INFINITY;
/** Channels and patterns of one connection together. */
const MAX_SUBSCRIPTIONS = 10_000;
/** Bounds what a connection can keep here, and the steps of matching a name against a pattern. */
const MAX_NAME_BYTES = 8192;

type Kind = "channels" | "patterns";

export const SUBSCRIBE: Command = { arity: [1, MANY], whileSubscribed: true, run: subscriber("channels") };
export const PSUBSCRIBE: Command = { arity: [1, MANY], whileSubscribed: true, run: subscriber("patterns") };
export const UNSUBSCRIBE: Command = { arity: [0, MANY], whileSubscribed: true, run: unsubscriber("channels") };
export const PUNSUBSCRIBE: Command = { arity: [0, MANY], whileSubscribed: true, run: unsubscriber("patterns") };
export const PUBLISH: Command = { arity: [2, 2], run: publish };
export const PUBSUB: CommandGroup = {
  subcommands: new Map<string, Command>([
    ["channels", { arity: [0, MANY], run: channels }],
    ["numpat", { arity: [0, 0], run: ({ client, broker }) => client.send(integer(broker.pubsub.patternCount())) }],
    ["numsub", { arity: [0, MANY], run: numsub }],
  ]),
};

/** Every name is confirmed by a push of its own, with the number of subscriptions after it. */
function subscriber(kind: Kind): (call: Call) => void {
  const word = kind === "channels" ? "subscribe" : "psubscribe";
  return ({ client, broker, args }) => {
    const refusal = tooLong(args) ?? tooMany(kind, args, client);
    if (refusal !== undefined) {
      client.send(refusal);
      return;
    }
    for (const name of args) {
      broker.pubsub.subscribe(kind, name.toString("latin1"), client);
      confirm(client, word, bulk(name));
    }
  };
}

/** Without names it takes all of the kind away; when there is none, one confirmation without a name answers. */
function unsubscriber(kind: Kind): (call: Call) => void {
  const word = kind === "channels" ? "unsubscribe" : "punsubscribe";
  return ({ client, broker, args }) => {
    const refusal = tooLong(args);
    if (refusal !== undefined) {
      client.send(refusal);
      return;
    }
    const names = args.length > 0 ? args : [...client[kind]].map((name) => Buffer.from(name, "latin1"));
    for (const name of names) {
      broker.pubsub.unsubscribe(kind, name.toString("latin1"), client);
      confirm(client, word, bulk(name));
    }
    if (names.length === 0) {
      confirm(client, word, NULL);
    }
  };
}

function confirm(client: Client, word: string, name: Reply): void {
  const count = client.channels.size + client.patterns.size;
  client.send({ type: "push", items: [bulk(word), name, integer(count)] });
}

function publish({ client, broker, args: [channel = Buffer.alloc(0), payload = Buffer.alloc(0)] }: Call): void {
  client.send(tooLong([channel]) ?? integer(broker.pubsub.publish(channel, payload)));
}

function channels({ client, broker, args: [pattern, more] }: Call): void {
  if (more !== undefined) {
    const what = "unknown subcommand or wrong number of arguments for 'CHANNELS'";
    client.send(error(`ERR ${what}. Try PUBSUB HELP.`));
    return;
  }
  const refusal = pattern === undefined ? undefined : tooLong([pattern]);
  client.send(refusal ?? array(broker.pubsub.channels(pattern).map(bulk)));
}

function numsub({ client, broker, args }: Call): void {
  const count = (name: Buffer) => integer(broker.pubsub.subscriberCount(name.toString("latin1")));
  client.send(tooLong(args) ?? array(args.flatMap((name) => [bulk(name), count(name)])));
}

function tooLong(names: readonly Buffer[]): Reply | undefined {
  const long = names.find((name) => name.length > MAX_NAME_BYTES);
  if (long === undefined) {
    return undefined;
  }
  const what = `'${shown(long)}...' has ${long.length} bytes`;
  return error(`ERR channel name or pattern too long: ${what}; the embedded broker takes ${MAX_NAME_BYTES}`);
}

function tooMany(kind: Kind, names: readonly Buffer[], client: Client): Reply | undefined {
  const asked = new Set(names.map((name) => name.toString("latin1")));
  const more = [...asked].filter((name) => !client[kind].has(name));
  if (client.channels.size + client.patterns.size + more.length <= MAX_SUBSCRIPTIONS) {
    return undefined;
  }
  return error(`ERR too many subscriptions: the embedded broker takes ${MAX_SUBSCRIPTIONS} on one connection`);
}
