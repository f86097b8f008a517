import type { Channels, Subscriber } from "./channels.js";
import { array, bulk, error, integer, NULL, OK, type Protocol, type Reply } from "./reply.js";

/** A connection, as commands see it. */
export interface Client extends Subscriber {
  readonly id: number;
  protocol: Protocol;
  send(reply: Reply): void;
  /** Closes the connection once everything sent so far is out. */
  hangUp(): void;
}

interface Call {
  readonly client: Client;
  readonly channels: Channels;
  /** Without the name of the command. */
  readonly args: readonly Buffer[];
}

interface Command {
  /** Least and most arguments. */
  readonly arity: readonly [min: number, max: number];
  /** Allowed in RESP2 while there are subscriptions. */
  readonly whileSubscribed?: true;
  readonly run: (call: Call) => void;
}

const MANY = Number.POSITIVE_INFINITY;

/** The commands that ioredis, node-redis, redis-py and redis-cli send to connect, subscribe and publish. */
const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["auth", { arity: [1, 2], run: auth }],
  ["client", { arity: [1, MANY], run: client }],
  ["hello", { arity: [0, MANY], run: hello }],
  ["info", { arity: [0, MANY], run: ({ client }) => client.send(bulk(INFO)) }],
  ["ping", { arity: [0, 1], whileSubscribed: true, run: ping }],
  ["publish", { arity: [2, 2], run: publish }],
  ["pubsub", { arity: [1, MANY], run: pubsub }],
  ["quit", { arity: [0, MANY], whileSubscribed: true, run: quit }],
  ["select", { arity: [1, 1], run: select }],
  ["subscribe", { arity: [1, MANY], whileSubscribed: true, run: subscribe }],
  ["unsubscribe", { arity: [0, MANY], whileSubscribed: true, run: unsubscribe }],
]);

/** The release whose replies and errors this broker gives. */
const REDIS_VERSION = "7.2.0";

/** Clients look for `redis_version` and for `loading:0`, without which ioredis waits. */
const INFO = `# Server\r\nredis_version:${REDIS_VERSION}\r\nredis_mode:standalone\r\n\r\n# Persistence\r\nloading:0\r\n`;

const HINT = "(the embedded development broker knows pub/sub only; use a real Redis for the rest)";

/** Channels of one connection. */
const MAX_SUBSCRIPTIONS = 10_000;
/** Bounds what a connection can keep here. */
const MAX_NAME_BYTES = 8192;
const DATABASES = 16;

/** Runs a request and sends its reply. @param request - at least one element */
export function runRequest([name = Buffer.alloc(0), ...args]: readonly Buffer[], client: Client, channels: Channels) {
  const lowerCase = shown(name).toLowerCase();
  const command = COMMANDS.get(lowerCase);
  if (command === undefined) {
    client.send(error(`ERR unknown command '${shown(name)}' ${HINT}`));
    return;
  }
  const [min, max] = command.arity;
  if (args.length < min || args.length > max) {
    client.send(error(`ERR wrong number of arguments for '${lowerCase}' command`));
  } else if (client.channels.size > 0 && client.protocol === 2 && command.whileSubscribed !== true) {
    const allowed = "(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET";
    client.send(error(`ERR Can't execute '${lowerCase}': only ${allowed} are allowed in this context`));
  } else {
    command.run({ client, channels, args });
  }
}

/** The start of an argument, for an error. Redis shows 128 bytes too, and ends at a NUL. */
function shown(arg: Buffer): string {
  return arg.toString("latin1", 0, 128).split("\0", 1)[0] ?? "";
}

/** There is no password: as in Redis, a client that gives one with a user name is let in. */
function auth({ client, args }: Call): void {
  const what = "AUTH <password> called without any password configured for the default user.";
  client.send(args.length === 2 ? OK : error(`ERR ${what} Are you sure your configuration is correct?`));
}

/** Clients name themselves. Other subcommands get an error, which clients expect of servers that lack them. */
function client({ client, args: [subcommand = Buffer.alloc(0)] }: Call): void {
  const isNaming = ["setname", "setinfo"].includes(shown(subcommand).toLowerCase());
  client.send(isNaming ? OK : error(`ERR unknown subcommand '${shown(subcommand)}'. ${HINT}`));
}

/** Selects the protocol. Login and name, which may follow, do not matter here. */
function hello({ client, args: [version] }: Call): void {
  if (version !== undefined) {
    const text = shown(version);
    if (text !== "2" && text !== "3") {
      client.send(error("NOPROTO unsupported protocol version"));
      return;
    }
    client.protocol = text === "3" ? 3 : 2;
  }
  client.send({
    type: "map",
    entries: [
      [bulk("server"), bulk("redis")],
      [bulk("version"), bulk(REDIS_VERSION)],
      [bulk("proto"), integer(client.protocol)],
      [bulk("id"), integer(client.id)],
      [bulk("mode"), bulk("standalone")],
      [bulk("role"), bulk("master")],
      [bulk("modules"), array([])],
    ],
  });
}

/** A RESP2 subscriber gets an array, because it could not tell a bare PONG from a message. */
function ping({ client, args: [text] }: Call): void {
  if (client.channels.size > 0 && client.protocol === 2) {
    client.send(array([bulk("pong"), bulk(text ?? "")]));
  } else {
    client.send(text === undefined ? { type: "simple", text: "PONG" } : bulk(text));
  }
}

function publish({ client, channels, args: [channel = Buffer.alloc(0), payload = Buffer.alloc(0)] }: Call): void {
  client.send(nameError([channel]) ?? integer(channels.publish(channel, payload)));
}

/** Only NUMSUB, with which a bus counts the other hosts. */
function pubsub({ client, channels, args: [subcommand = Buffer.alloc(0), ...names] }: Call): void {
  if (shown(subcommand).toLowerCase() !== "numsub") {
    client.send(error(`ERR unknown subcommand '${shown(subcommand)}'. ${HINT}`));
    return;
  }
  const count = (name: Buffer) => integer(channels.subscriberCount(name.toString("latin1")));
  client.send(nameError(names) ?? array(names.flatMap((name) => [bulk(name), count(name)])));
}

function quit({ client }: Call): void {
  client.send(OK);
  client.hangUp();
}

/** Channels are the same in every database, so the number does not matter. */
function select({ client, args: [index = Buffer.alloc(0)] }: Call): void {
  const isDatabase = /^\d{1,2}$/.test(shown(index)) && Number(shown(index)) < DATABASES;
  client.send(isDatabase ? OK : error("ERR DB index is out of range"));
}

/** Every name is confirmed by a reply of its own, with the number of subscriptions after it. */
function subscribe({ client, channels, args }: Call): void {
  const rejection = nameError(args) ?? countError(args, client);
  if (rejection !== undefined) {
    client.send(rejection);
    return;
  }
  for (const name of args) {
    channels.subscribe(name.toString("latin1"), client);
    confirm(client, "subscribe", bulk(name));
  }
}

/** Without names it ends all subscriptions; if there are none, a single confirmation without a name is the reply. */
function unsubscribe({ client, channels, args }: Call): void {
  const rejection = nameError(args);
  if (rejection !== undefined) {
    client.send(rejection);
    return;
  }
  const names = args.length > 0 ? args : [...client.channels].map((name) => Buffer.from(name, "latin1"));
  for (const name of names) {
    channels.unsubscribe(name.toString("latin1"), client);
    confirm(client, "unsubscribe", bulk(name));
  }
  if (names.length === 0) {
    confirm(client, "unsubscribe", NULL);
  }
}

function confirm(client: Client, kind: string, name: Reply): void {
  client.send({ type: "push", items: [bulk(kind), name, integer(client.channels.size)] });
}

function nameError(names: readonly Buffer[]): Reply | undefined {
  const long = names.find((name) => name.length > MAX_NAME_BYTES);
  if (long === undefined) {
    return undefined;
  }
  const what = `'${shown(long)}...' has ${long.length} bytes`;
  return error(`ERR channel name too long: ${what}; the embedded broker takes ${MAX_NAME_BYTES}`);
}

function countError(names: readonly Buffer[], client: Client): Reply | undefined {
  const wanted = new Set(names.map((name) => name.toString("latin1")));
  const added = [...wanted].filter((name) => !client.channels.has(name));
  if (client.channels.size + added.length <= MAX_SUBSCRIPTIONS) {
    return undefined;
  }
  return error(`ERR too many subscriptions: the embedded broker takes ${MAX_SUBSCRIPTIONS} on one connection`);
}
