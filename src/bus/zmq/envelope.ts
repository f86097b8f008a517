/** @internal A message as it passes the forwarder, taken apart. */
export interface ZmqMessage {
  readonly channel: string;
  readonly payload: Buffer;
  /** Who sent it, if that was a Node host: a session, and the number of this message in it. */
  readonly origin: { readonly session: string; readonly number: number } | undefined;
}

/** The head of a message is within as many bytes. */
const MAX_HEAD = 4_096;

/** A channel has at most as many bytes: six for each, where Python escapes it, are still within a head. */
export const MAX_CHANNEL = 512;

const HEAD =
  /^\s*\{\s*"type"\s*:\s*"message"\s*,\s*"channel"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*(?:"node"\s*:\s*"([0-9a-f]{32})\.(\d{1,15})"\s*,\s*)?"data"\s*: ?/;

const END = Buffer.from("}");

/**
 * One message as `ZmqManager._publish` of python-socketio sends it, with one key more, `node`, which Python ignores. All
 * channels share one pair of ports. The payload is JSON and stands there as it is; MessagePack stands there as well, and
 * makes the whole something that `ZmqManager._listen` skips, as it skips all that is not JSON.
 *
 *     {"type": "message", "channel": "socketio", "node": "<32 hex digits of a session>.<number>", "data": <payload>}
 */
export function packMessage(channel: string, session: string, number: number, payload: Uint8Array): Buffer {
  const head = `{"type": "message", "channel": ${JSON.stringify(channel)}, "node": "${session}.${number}", "data": `;
  return Buffer.concat([Buffer.from(head), payload, END]);
}

/**
 * What a bus sends to find out whether its messages come back. `ZmqManager._listen` requires a `type`, and skips all but
 * "message".
 */
export function packProbe(session: string): Buffer {
  return Buffer.from(`${PROBE}"node": "${session}"}`);
}

const PROBE = '{"type": "probe", ';

/** Of whatever bus. */
export function isProbe(message: Buffer): boolean {
  return message.toString("latin1", 0, PROBE.length) === PROBE;
}

/** Untrusted input. Never throws. @returns undefined for what neither `ZmqManager` nor a Node host has sent */
export function unpackMessage(message: Buffer): ZmqMessage | undefined {
  const match = HEAD.exec(message.toString("latin1", 0, MAX_HEAD));
  if (match === null || message.at(-1) !== END[0]) {
    return undefined;
  }
  const [head, name = "", session, number] = match;
  const channel = readString(name);
  if (channel === undefined) {
    return undefined;
  }
  return {
    channel,
    payload: message.subarray(head.length, -END.length),
    origin: session === undefined ? undefined : { session, number: Number(number) },
  };
}

/** @param latin1 - the bytes of a JSON string, one character each */
function readString(latin1: string): string | undefined {
  try {
    return JSON.parse(Buffer.from(latin1, "latin1").toString()) as string;
  } catch {
    return undefined;
  }
}
