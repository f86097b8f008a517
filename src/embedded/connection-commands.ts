import { refuseName } from "./client-commands.js";
import {
  type Broker,
  type Call,
  type Client,
  type Command,
  type CommandGroup,
  REDIS_VERSION,
  readInteger,
  shown,
} from "./command.js";
import { infoText } from "./info.js";
import { array, bulk, error, integer, OK, type Protocol, type Reply } from "./reply.js";

const DATABASES = 16n;
const DEFAULT_USER = Buffer.from("default");
const WRONG_PASSWORD = error("WRONGPASS invalid username-password pair or user is disabled.");

export const PING: Command = { arity: [0, 1], whileSubscribed: true, run: ping };
export const AUTH: Command = { arity: [1, Number.POSITIVE_INFINITY], open: true, run: auth };
export const HELLO: Command = { arity: [0, Number.POSITIVE_INFINITY], open: true, run: hello };
export const SELECT: Command = { arity: [1, 1], run: select };
export const INFO: Command = { arity: [0, Number.POSITIVE_INFINITY], run: info };
export const QUIT: Command = { arity: [0, Number.POSITIVE_INFINITY], open: true, whileSubscribed: true, run: quit };
export const RESET: Command = { arity: [0, 0], open: true, whileSubscribed: true, run: reset };

/** redis-cli asks for its help texts with COMMAND DOCS; there are none here, and it goes on without. */
export const COMMAND: CommandGroup = {
  alone: { arity: [0, 0], run: ({ client }) => client.send(array([])) },
  subcommands: new Map<string, Command>([
    ["docs", { arity: [0, Number.POSITIVE_INFINITY], run: ({ client }) => client.send({ type: "map", entries: [] }) }],
  ]),
};

/** A RESP2 subscriber could not tell a bare PONG from a message; it gets an array, with an empty text if it sent none. */
function ping({ client, args }: Call): void {
  const [text] = args;
  const subscribed = client.channels.size + client.patterns.size > 0;
  if (subscribed && client.protocol === 2) {
    client.send(array([bulk("pong"), bulk(text ?? "")]));
  } else {
    client.send(text === undefined ? { type: "simple", text: "PONG" } : bulk(text));
  }
}

function auth({ client, broker, args }: Call): void {
  const [first, second, more] = args;
  if (first === undefined || more !== undefined) {
    client.send(error("ERR syntax error"));
    return;
  }
  if (second === undefined && broker.checkPassword === undefined) {
    const what = "AUTH <password> called without any password configured for the default user.";
    client.send(error(`ERR ${what} Are you sure your configuration is correct?`));
    return;
  }
  const [user, password] = second === undefined ? [DEFAULT_USER, first] : [first, second];
  const right = isRightPassword(broker, { user, password });
  client.authenticated ||= right;
  client.send(right ? OK : WRONG_PASSWORD);
}

interface Credentials {
  readonly user: Buffer;
  readonly password: Buffer;
}

/** There is one user. Without a password it takes any, as Redis's default user with `nopass`. */
function isRightPassword(broker: Broker, { user, password }: Credentials): boolean {
  return user.equals(DEFAULT_USER) && (broker.checkPassword?.(password) ?? true);
}

interface HelloOptions {
  readonly credentials?: Credentials;
  readonly name?: Buffer;
}

/** Nothing of a refused HELLO is applied. */
function hello({ client, broker, args }: Call): void {
  const [version, ...rest] = args;
  const protocol = version === undefined ? client.protocol : readProtocol(version);
  if (typeof protocol === "object") {
    client.send(protocol);
    return;
  }
  const options = readHelloOptions(rest);
  if ("type" in options) {
    client.send(options);
    return;
  }
  const refusal = refuseHello(options, client, broker);
  if (refusal !== undefined) {
    client.send(refusal);
    return;
  }
  client.authenticated = true;
  client.protocol = protocol;
  client.name = options.name?.toString("latin1") ?? client.name;
  client.send(greeting(client));
}

function readProtocol(version: Buffer): Protocol | Reply {
  switch (readInteger(version)) {
    case undefined:
      return error("ERR Protocol version is not an integer or out of range");
    case 2n:
      return 2;
    case 3n:
      return 3;
    default:
      return error("NOPROTO unsupported protocol version");
  }
}

function readHelloOptions(args: readonly Buffer[]): HelloOptions | Reply {
  let options: HelloOptions = {};
  let rest = args;
  while (rest.length > 0) {
    const [option = Buffer.alloc(0), first, second] = rest;
    const word = option.toString("latin1", 0, 8).toLowerCase();
    if (word === "auth" && first !== undefined && second !== undefined) {
      options = { ...options, credentials: { user: first, password: second } };
      rest = rest.slice(3);
    } else if (word === "setname" && first !== undefined) {
      options = { ...options, name: first };
      rest = rest.slice(2);
    } else {
      return error(`ERR Syntax error in HELLO option '${shown(option)}'`);
    }
  }
  return options;
}

function refuseHello({ credentials, name }: HelloOptions, client: Client, broker: Broker): Reply | undefined {
  const badName = name === undefined ? undefined : refuseName("Client names", name);
  if (badName !== undefined) {
    return badName;
  }
  if (credentials !== undefined) {
    return isRightPassword(broker, credentials) ? undefined : WRONG_PASSWORD;
  }
  if (!client.authenticated) {
    const way = "otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client";
    const what = `HELLO must be called with the client already authenticated, ${way}`;
    return error(`NOAUTH ${what} and select the RESP protocol version at the same time`);
  }
  return undefined;
}

function greeting(client: Client): Reply {
  return {
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
  };
}

/** Channels are the same in every database, so the number is only remembered. */
function select({ client, args }: Call): void {
  const index = args[0] === undefined ? undefined : readInteger(args[0]);
  if (index === undefined) {
    client.send(error("ERR value is not an integer or out of range"));
  } else if (index !== BigInt.asIntN(32, index)) {
    client.send(error("ERR value is out of range, value must between -2147483648 and 2147483647"));
  } else if (index < 0n || index >= DATABASES) {
    client.send(error("ERR DB index is out of range"));
  } else {
    client.database = Number(index);
    client.send(OK);
  }
}

function info({ client, broker, args }: Call): void {
  const sections = args.map((arg) => shown(arg).toLowerCase());
  client.send({ type: "verbatim", text: infoText(broker, sections) });
}

function quit({ client }: Call): void {
  client.send(OK);
  client.hangUp();
}

/** Back to what a new connection is; subscriptions end without a word about each. */
function reset({ client, broker }: Call): void {
  broker.pubsub.release(client);
  client.protocol = 2;
  client.database = 0;
  client.name = "";
  client.authenticated = broker.checkPassword === undefined;
  client.send({ type: "simple", text: "RESET" });
}
