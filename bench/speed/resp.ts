/** The little of Redis' protocol that a recorder and a publisher need. */

const CR = 13;
const LINE_END = 2;

interface Header {
  readonly value: number;
  readonly next: number;
}

/** A number between a type byte and the end of the line; undefined while the line is not complete. */
function header(bytes: Buffer, at: number): Header | undefined {
  const end = bytes.indexOf(CR, at);
  return end < 0 || end + LINE_END > bytes.length
    ? undefined
    : { value: Number(bytes.toString("latin1", at + 1, end)), next: end + LINE_END };
}

export interface Command {
  /** As they went over the wire. */
  readonly bytes: Buffer;
  readonly args: readonly Buffer[];
}

/** The command that starts at `from`, which is an array of bulk strings; undefined while it is not complete. */
function commandAt(bytes: Buffer, from: number): Command | undefined {
  const count = header(bytes, from);
  if (count === undefined) {
    return undefined;
  }
  const args: Buffer[] = [];
  let at = count.next;
  for (let index = 0; index < count.value; index += 1) {
    const size = header(bytes, at);
    if (size === undefined || size.next + size.value + LINE_END > bytes.length) {
      return undefined;
    }
    args.push(bytes.subarray(size.next, size.next + size.value));
    at = size.next + size.value + LINE_END;
  }
  return { bytes: bytes.subarray(from, at), args };
}

/** All complete commands of what a client has sent. */
export function commandsOf(bytes: Buffer): readonly Command[] {
  const commands: Command[] = [];
  for (let at = 0; at < bytes.length; ) {
    const command = commandAt(bytes, at);
    if (command === undefined) {
      break;
    }
    commands.push(command);
    at += command.bytes.length;
  }
  return commands;
}
