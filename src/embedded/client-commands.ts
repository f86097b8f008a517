import { type Call, type Client, type Command, type CommandGroup, shown } from "./command.js";
import { bulk, error, integer, NULL, OK, type Reply } from "./reply.js";

const MAX_NAME_BYTES = 1024;

export const CLIENT: CommandGroup = {
  subcommands: new Map<string, Command>([
    ["getname", { arity: [0, 0], run: getName }],
    ["id", { arity: [0, 0], run: ({ client }) => client.send(integer(client.id)) }],
    ["info", { arity: [0, 0], run: ({ client }) => client.send({ type: "verbatim", text: infoLine(client) }) }],
    // Both concern memory that this broker does not manage; what matters is that the client's request is accepted.
    ["no-evict", { arity: [1, 1], run: onOrOff }],
    ["no-touch", { arity: [1, 1], run: onOrOff }],
    ["setinfo", { arity: [2, 2], run: setInfo }],
    ["setname", { arity: [1, 1], run: setName }],
  ]),
};

/** Names are put into the one line of CLIENT INFO, so they may hold visible ASCII alone. */
export function refuseName(what: string, name: Buffer): Reply | undefined {
  if (name.length > MAX_NAME_BYTES) {
    return error(`ERR ${what} cannot have more than ${MAX_NAME_BYTES} bytes in the embedded broker`);
  }
  if (!name.every((byte) => byte >= 0x21 && byte <= 0x7e)) {
    return error(`ERR ${what} cannot contain spaces, newlines or special characters.`);
  }
  return undefined;
}

function getName({ client }: Call): void {
  client.send(client.name === "" ? NULL : bulk(client.name));
}

/** The empty name takes the name away. */
function setName({ client, args: [name = Buffer.alloc(0)] }: Call): void {
  const refusal = refuseName("Client names", name);
  if (refusal !== undefined) {
    client.send(refusal);
    return;
  }
  client.name = name.toString("latin1");
  client.send(OK);
}

function setInfo({ client, args: [option = Buffer.alloc(0), value = Buffer.alloc(0)] }: Call): void {
  const attribute = shown(option).toLowerCase();
  if (attribute !== "lib-name" && attribute !== "lib-ver") {
    client.send(error(`ERR Unrecognized option '${shown(option)}'`));
    return;
  }
  const refusal = refuseName(attribute, value);
  if (refusal !== undefined) {
    client.send(refusal);
    return;
  }
  if (attribute === "lib-name") {
    client.libraryName = value.toString("latin1");
  } else {
    client.libraryVersion = value.toString("latin1");
  }
  client.send(OK);
}

function onOrOff({ client, args: [word = Buffer.alloc(0)] }: Call): void {
  const known = ["on", "off"].includes(shown(word).toLowerCase());
  client.send(known ? OK : error("ERR syntax error"));
}

/** The fields that clients read; those about memory and buffers are left out. */
function infoLine(client: Client): string {
  const subscribed = client.channels.size + client.patterns.size > 0;
  const fields = [
    ["id", client.id],
    ["addr", client.address],
    ["laddr", client.localAddress],
    ["name", client.name],
    ["age", Math.floor((performance.now() - client.since) / 1000)],
    ["idle", 0],
    ["flags", subscribed ? "P" : "N"],
    ["db", client.database],
    ["sub", client.channels.size],
    ["psub", client.patterns.size],
    ["multi", -1],
    ["cmd", "client|info"],
    ["user", "default"],
    ["resp", client.protocol],
    ["lib-name", client.libraryName],
    ["lib-ver", client.libraryVersion],
  ];
  return `${fields.map(([key, value]) => `${key}=${value}`).join(" ")}\n`;
}
