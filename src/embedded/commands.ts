import { CLIENT } from "./client-commands.js";
import {
  type Broker,
  type Client,
  type Command,
  type CommandGroup,
  EMBEDDED_HINT,
  SHOWN_BYTES,
  shown,
  wrongArity,
} from "./command.js";
import { AUTH, COMMAND, HELLO, INFO, PING, QUIT, RESET, SELECT } from "./connection-commands.js";
import { PSUBSCRIBE, PUBLISH, PUBSUB, PUNSUBSCRIBE, SUBSCRIBE, UNSUBSCRIBE } from "./pubsub-commands.js";
import { array, error, type Reply } from "./reply.js";

const COMMANDS: ReadonlyMap<string, Command | CommandGroup> = new Map<string, Command | CommandGroup>([
  ["auth", AUTH],
  ["client", CLIENT],
  ["command", COMMAND],
  ["hello", HELLO],
  ["info", INFO],
  ["ping", PING],
  ["psubscribe", PSUBSCRIBE],
  ["publish", PUBLISH],
  ["pubsub", PUBSUB],
  ["punsubscribe", PUNSUBSCRIBE],
  ["quit", QUIT],
  ["reset", RESET],
  ["select", SELECT],
  ["subscribe", SUBSCRIBE],
  ["unsubscribe", UNSUBSCRIBE],
]);

/** What a browser sends first, and the header it sends always. */
const HTTP = new Set(["post", "host:"]);

type Found = { readonly name: string; readonly command: Command; readonly args: readonly Buffer[] };

/** Runs one request and sends what answers it. `request` has at least one element. */
export function runRequest(request: readonly Buffer[], client: Client, broker: Broker): void {
  const [first = Buffer.alloc(0), ...args] = request;
  const name = lowerCase(first);
  // A web page can make a browser post to a loopback port, with commands in the body. No answer, as in Redis.
  if (HTTP.has(name)) {
    client.drop();
    return;
  }
  const found = find(name, first, args);
  if ("type" in found) {
    client.send(found);
    return;
  }
  const refusal = refuse(found, client);
  if (refusal === undefined) {
    found.command.run({ client, broker, args: found.args });
  } else {
    client.send(refusal);
  }
}

function find(name: string, first: Buffer, args: readonly Buffer[]): Found | Reply {
  const entry = COMMANDS.get(name);
  if (entry === undefined) {
    return unknownCommand(first, args);
  }
  if (!("subcommands" in entry)) {
    return { name, command: entry, args };
  }
  const [second, ...rest] = args;
  if (second === undefined) {
    return entry.alone === undefined ? wrongArity(name) : { name, command: entry.alone, args };
  }
  const subname = lowerCase(second);
  const command = subname === "help" ? help(name, entry) : entry.subcommands.get(subname);
  if (command === undefined) {
    const upper = name.toUpperCase();
    return error(`ERR unknown subcommand '${shown(second)}'. Try ${upper} HELP. ${EMBEDDED_HINT}`);
  }
  return { name: `${name}|${subname}`, command, args: rest };
}

/** The order of the checks is Redis's: arguments, password, subscriber mode. */
function refuse({ name, command, args }: Found, client: Client): Reply | undefined {
  const [min, max] = command.arity;
  if (args.length < min || args.length > max) {
    return wrongArity(name);
  }
  if (!client.authenticated && command.open !== true) {
    return error("NOAUTH Authentication required.");
  }
  const subscribed = client.channels.size + client.patterns.size > 0;
  if (subscribed && client.protocol === 2 && command.whileSubscribed !== true) {
    const allowed = "(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET";
    return error(`ERR Can't execute '${name}': only ${allowed} are allowed in this context`);
  }
  return undefined;
}

/** The names of commands are short; a longer argument is not worth the conversion. */
function lowerCase(arg: Buffer): string {
  return arg.length > 32 ? "" : arg.toString("latin1").toLowerCase();
}

function unknownCommand(name: Buffer, args: readonly Buffer[]): Reply {
  let beginning = "";
  for (const arg of args) {
    if (beginning.length >= SHOWN_BYTES) {
      break;
    }
    beginning += `'${shown(arg, SHOWN_BYTES - beginning.length)}' `;
  }
  const what = `unknown command '${shown(name)}', with args beginning with: ${beginning}`;
  return error(`ERR ${what}${EMBEDDED_HINT}`);
}

function help(name: string, group: CommandGroup): Command {
  const lines = [
    `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...[...group.subcommands.keys(), "help"].map((subname) => subname.toUpperCase()),
  ];
  const reply = array(lines.map((text) => ({ type: "simple", text })));
  return { arity: [0, 0], run: ({ client }) => client.send(reply) };
}
