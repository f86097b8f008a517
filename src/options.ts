import { type CredentialsProvider, normalizeHeartbeat, type OutageOptions } from "./bus/options.js";
import { PYTHON_HOSTS_MODES, type PythonHostsMode } from "./cluster/python-hosts.js";
import { BridgeError } from "./errors.js";
import { ENCODINGS, type Encoding } from "./protocol/encoders.js";
import { DIALECT_NAMES, type Dialect } from "./protocol/model/dialect.js";
import { LEGACY_PICKLE_MODES, type LegacyPickle } from "./protocol/model/legacy-pickle-modes.js";
import type { WireRoom } from "./protocol/model/messages.js";
import { type Logger, normalizeLogger } from "./util/logger.js";
import { integerInRange, LONGEST_TIMER_MS, noOthers, oneOf } from "./util/validation.js";

const MIB = 1024 * 1024;

/** Options of adapters and emitters. A value that cannot work is a `BridgeError` with `BRIDGE_INVALID_OPTION`. */
export interface ChannelOptions {
  /**
   * Channel of the fleet: `channel=` of the Python manager. An adapter reads every channel of a list; the first is the one
   * that is written to. Flask-SocketIO's default is `flask-socketio`, python-socketio's is `socketio`.
   * @default "socketio"
   */
  readonly channel?: string | readonly string[] | undefined;
  /**
   * Maps the name of a room to the room that Python hosts know, where that is an integer: `join_room(user.id)`. Called for
   * sids too, which are rooms. In the other direction, Node hosts take an integer for its decimal name.
   * @default every room is its name
   */
  readonly toPythonRoom?: ((room: string, namespace: string) => WireRoom) | undefined;
  /**
   * How messages are written; both encodings are always read. `"msgpack"` is MessagePack, which carries bytes as they are,
   * in acknowledgements too. Python hosts need `socketio_bridge.msgpack` to read it, and without that lose every
   * message.
   * @default "json"
   */
  readonly encoding?: Encoding | undefined;
  /**
   * The release of python-socketio that the Python hosts run; the oldest, if there are several. `"5.15"`: 5.15.1 or later.
   * `"5.14"`: 5.14.2 to 5.15.0. `"5.13"`: 5.3 to 5.14.1. `"5.2"`: older ones.
   *
   * Decides how a list argument is written and read. What a dialect has no form for (several arguments, bytes, several
   * rooms) is not sent: a host reports `dropped` with the reason `unreadable`, an emitter rejects with
   * `BRIDGE_INVALID_ARGUMENT`. Everything else is written in a form that all releases read alike, and Node hosts understand
   * each other in every dialect. `encoding: "msgpack"` takes `"5.15"`.
   * @default "5.15"
   */
  readonly dialect?: Dialect | undefined;
  /**
   * Size of the largest message in either direction, in bytes, from 1,024 to 50,331,648 (48 MiB). A larger one is
   * not sent: a host reports `dropped` with the reason `unreadable`, an emitter rejects with `BRIDGE_INVALID_ARGUMENT`.
   * Readers reject it as `too_large`: give all Node processes of a fleet the same limit. Bytes in JSON are in base64, which is a third longer. MessagePack carries them unchanged, but
   * must not hold more values than JSON of that size could.
   *
   * The default is half of the 32 MiB at which Redis disconnects a subscriber; Kombu's envelope makes a message a third
   * larger. Brokers have limits of their own: what they refuse is `BRIDGE_BROKER_UNAVAILABLE` or the status `dropped`.
   * @default 16_777_216 (16 MiB)
   */
  readonly maxMessageSize?: number | undefined;
  /** What happens to messages during an outage of the broker. For a URL: a bus that is passed in has its own. */
  readonly outage?: OutageOptions | undefined;
  /**
   * Milliseconds between two heartbeats, from 100 to 2^30.
   *
   * At this interval a bus proves to itself that its subscriptions work (`BusStatus` `healthy` and `stale`), and gives up a
   * connection that has not responded for twice as long; a bus that is passed in has its own interval. Node hosts also tell
   * each other that they are there, and a host that misses three heartbeats is gone. A peer with a longer
   * interval is given three of its own intervals, each counted as ten minutes at most.
   * @default 5_000
   */
  readonly heartbeatInterval?: number | undefined;
  /**
   * Returns who logs in to the broker, for passwords and tokens that change: `() => ({ username, password })`, or a promise
   * of it. Called for each connection that is opened. Replaces the user and the password of the URL or client; a bus that
   * is passed in has its own. If it throws, rejects, returns no password, or takes more than 10 s, that is an `error`
   * status, and the next attempt calls it again.
   */
  readonly credentials?: CredentialsProvider | undefined;
  /** Where log lines go: few, and at most one a minute of each kind. `false` for none. @default console */
  readonly logger?: Logger | false | undefined;
}

/** Options of whatever reads messages: an adapter, and an emitter with `acks`. */
export interface ReaderOptions extends ChannelOptions {
  /**
   * What to do with pickles, which python-socketio before 5.14 writes. `"refuse"` rejects them unopened. `"data-only"` reads
   * the data in them, with a reader that cannot call anything, and rejects a pickle that holds anything else as
   * `unsafe_pickle`. Pickles are never written.
   *
   * Neither protects a Python host before 5.14, which runs every pickle that anybody puts on the channel (CVE-2025-61765).
   * Upgrade it where you can.
   * @default "refuse"
   */
  readonly legacyPickle?: LegacyPickle | undefined;
  /**
   * Most acknowledged emits that wait at a time, in each direction. One more of `io.timeout().emitWithAck()` is sent, and
   * ends with its timeout; one more of an emitter rejects with `BRIDGE_BUSY`; one more of another host takes the place of
   * the oldest, whose acknowledgements are no longer passed on. Also the most requests to other Node hosts
   * (`fetchSockets()` and the like) at a time; one more rejects with `BRIDGE_BUSY`.
   * @default 10_000
   */
  readonly maxPendingAcks?: number | undefined;
  /**
   * Whether an acknowledged emit waits for clients of Python hosts, which acknowledge but cannot be counted. `"never"`: it
   * ends with the last acknowledgement of a Node host's client. `"always"`: one to a room, or to everyone, takes until its
   * timeout. `"auto"`: it does so if the broker counts more subscribers than Node hosts (Redis without replicas or a
   * cluster), or, where it does not count all of them, if a message of a Python process came within the last hour.
   * @default "auto"
   */
  readonly pythonHosts?: PythonHostsMode | undefined;
}

/**
 * Bounds of what is kept for clients that reconnect, where the server has `connectionStateRecovery`. It is kept for
 * `maxDisconnectionDuration`, and for the time that it takes to find out that a connection is dead.
 */
export interface RecoveryLimits {
  /** Most emits that are kept, and most messages of the channel that are remembered by name. @default 50_000 */
  readonly maxMessages?: number | undefined;
  /**
   * Most bytes of memory that kept emits take: the size of each on the channel, and about 1 KB. The sessions of each
   * namespace, with their `data`, may take as much again.
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number | undefined;
  /** Most sessions of disconnected clients, in each namespace. @default 10_000 */
  readonly maxSessions?: number | undefined;
}

/** Options of `createAdapter`. */
export interface AdapterOptions extends ReaderOptions {
  /**
   * Whether JSON of other hosts goes to clients byte for byte where that is possible: checked, and not decoded. `false`
   * decodes and encodes each event, as Socket.IO does, which turns `1.0` into `1` and rounds integers beyond 2^53.
   * @default true
   */
  readonly passthrough?: boolean | undefined;
  /** Bounds of what is kept for clients that reconnect. */
  readonly recovery?: RecoveryLimits | undefined;
  /**
   * Milliseconds that `fetchSockets()`, `serverSideEmitWithAck()` and the like wait for the other Node hosts, up to 2^31 - 1;
   * then they reject with `BRIDGE_TIMEOUT`. Named as in `@socket.io/redis-adapter`.
   * @default 5_000
   */
  readonly requestsTimeout?: number | undefined;
}

/** Options of `createEmitter`. Those that concern reading have a meaning with `acks` only. */
export interface EmitterOptions extends ReaderOptions {
  /**
   * Whether the emitter receives acknowledgements, so that `timeout(ms).emitWithAck()` works. It subscribes with the first
   * of them, and from then on receives every message that a host does.
   * @default false
   */
  readonly acks?: boolean | undefined;
}

export interface NormalizedChannel {
  readonly channels: readonly [string, ...string[]];
  readonly toPythonRoom: (room: string, namespace: string) => WireRoom;
  readonly encoding: Encoding;
  readonly dialect: Dialect;
  /** Bytes. */
  readonly maxMessageSize: number;
  readonly logger: Logger;
}

export interface NormalizedReader extends NormalizedChannel {
  readonly legacyPickle: LegacyPickle;
  readonly heartbeatInterval: number;
  readonly maxPendingAcks: number;
  readonly pythonHosts: PythonHostsMode;
}

export interface NormalizedAdapter extends NormalizedReader {
  readonly passthrough: boolean;
  readonly recovery: { readonly [Limit in keyof RecoveryLimits]-?: number };
  readonly requestsTimeout: number;
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeEncoding(encoding: string = "json"): Encoding {
  return oneOf("encoding", encoding, ENCODINGS);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeDialect(dialect: string = "5.15"): Dialect {
  return oneOf("dialect", dialect, DIALECT_NAMES);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeLegacyPickle(mode: string = "refuse"): LegacyPickle {
  return oneOf("legacyPickle", mode, LEGACY_PICKLE_MODES);
}

/**
 * The messages of Node hosts to each other need the least. With the most, Kombu's envelope is still read.
 *
 * @throws BridgeError `BRIDGE_INVALID_OPTION`
 */
function normalizeMaxMessageSize(bytes = 16 * MIB): number {
  return integerInRange("maxMessageSize", bytes, 1_024, 48 * MIB);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeChannel(options: ChannelOptions): NormalizedChannel {
  const [first, ...others] = new Set([options.channel ?? "socketio"].flat());
  for (const channel of [first, ...others]) {
    if (typeof channel !== "string" || channel === "") {
      throw new BridgeError(
        "BRIDGE_INVALID_OPTION",
        `channel is ${JSON.stringify(channel)}; it takes one name or more`,
      );
    }
  }
  const encoding = normalizeEncoding(options.encoding);
  const dialect = normalizeDialect(options.dialect);
  if (encoding === "msgpack" && dialect !== "5.15") {
    const reason = `a Python host of the dialect ${JSON.stringify(dialect)} does not read the encoding "msgpack"`;
    throw new BridgeError("BRIDGE_INVALID_OPTION", `${reason}; leave one of the two out`);
  }
  return {
    channels: [first as string, ...others],
    toPythonRoom: options.toPythonRoom ?? ((room) => room),
    encoding,
    dialect,
    maxMessageSize: normalizeMaxMessageSize(options.maxMessageSize),
    logger: normalizeLogger(options.logger),
  };
}

/** One object may serve adapters and emitters, so each takes what the other has. */
const NAMES: Readonly<Record<keyof (AdapterOptions & EmitterOptions), true>> = {
  channel: true,
  toPythonRoom: true,
  encoding: true,
  dialect: true,
  maxMessageSize: true,
  outage: true,
  heartbeatInterval: true,
  credentials: true,
  logger: true,
  legacyPickle: true,
  maxPendingAcks: true,
  pythonHosts: true,
  passthrough: true,
  recovery: true,
  requestsTimeout: true,
  acks: true,
};

const RECOVERY_NAMES: Readonly<Record<keyof RecoveryLimits, true>> = {
  maxMessages: true,
  maxBytes: true,
  maxSessions: true,
};

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeReader(options: ReaderOptions): NormalizedReader {
  noOthers("option", options, NAMES);
  return {
    ...normalizeChannel(options),
    legacyPickle: normalizeLegacyPickle(options.legacyPickle),
    heartbeatInterval: normalizeHeartbeat(options.heartbeatInterval),
    maxPendingAcks: integerInRange("maxPendingAcks", options.maxPendingAcks ?? 10_000),
    pythonHosts: oneOf("pythonHosts", options.pythonHosts ?? "auto", PYTHON_HOSTS_MODES),
  };
}

function normalizeRecovery(limits: RecoveryLimits = {}): NormalizedAdapter["recovery"] {
  noOthers("option of recovery", limits, RECOVERY_NAMES);
  return {
    maxMessages: integerInRange("recovery.maxMessages", limits.maxMessages ?? 50_000),
    maxBytes: integerInRange("recovery.maxBytes", limits.maxBytes ?? 64 * MIB),
    maxSessions: integerInRange("recovery.maxSessions", limits.maxSessions ?? 10_000),
  };
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeAdapter(options: AdapterOptions): NormalizedAdapter {
  return {
    ...normalizeReader(options),
    passthrough: options.passthrough ?? true,
    recovery: normalizeRecovery(options.recovery),
    requestsTimeout: integerInRange("requestsTimeout", options.requestsTimeout ?? 5_000, 1, LONGEST_TIMER_MS),
  };
}
