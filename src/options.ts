import type { OutageOptions } from "./bus/options.js";
import { normalizeHeartbeat } from "./bus/options.js";
import { PYTHON_HOSTS_MODES, type PythonHostsMode } from "./cluster/python-hosts.js";
import { BridgeError } from "./errors.js";
import { LEGACY_PICKLE_MODES, type LegacyPickle } from "./protocol/decode.js";
import { ENCODERS, type Encoding } from "./protocol/encoders.js";
import { DIALECT_NAMES, type Dialect } from "./protocol/model/dialect.js";
import type { WireRoom } from "./protocol/model/messages.js";
import { type Logger, normalizeLogger } from "./util/logger.js";
import { integerInRange, LONGEST_TIMER_MS, oneOf } from "./util/validation.js";

/** What adapter and emitter have in common. */
export interface ChannelOptions {
  /**
   * The channel of the fleet: `channel=` of the Python manager. Of a list, all are read and the first is written to.
   * Flask-SocketIO's default is `flask-socketio`, python-socketio's is `socketio`.
   * @default "socketio"
   */
  readonly channel?: string | readonly string[] | undefined;
  /**
   * Maps a room name to the room that Python hosts know, where that is an integer: `join_room(user.id)`. Asked
   * about sids too, which are rooms. Node hosts read an integer as its decimal name.
   * @default every room is a string
   */
  readonly toPythonRoom?: ((room: string, namespace: string) => WireRoom) | undefined;
  /**
   * How messages are written. `"msgpack"` is MessagePack, which carries bytes as they are, in acknowledgements too; its
   * Python readers need `python-fixtures/msgpack_channel.py`, and lose every message without it. Both are read
   * whatever is written.
   * @default "json"
   */
  readonly encoding?: Encoding | undefined;
  /**
   * Which python-socketio the Python hosts of the fleet run; of several, the oldest. `"5.15"`: 5.15.1 or later. `"5.14"`:
   * 5.14.2 to 5.15.0. `"5.13"`: 5.3 to 5.14.1. `"5.2"`: older ones.
   *
   * What all releases read alike is always written alike. It decides what a list argument is to Python, when it is
   * written and when it is read; and several arguments, bytes and several rooms are an error (`BRIDGE_INVALID_ARGUMENT`) where
   * the dialect has no form for them. Node hosts understand each other whatever it says. MessagePack needs `"5.15"`.
   * @default "5.15"
   */
  readonly dialect?: Dialect | undefined;
  /** Used when the first argument is a URL; a bus made by hand has its own. */
  readonly outage?: OutageOptions | undefined;
  /**
   * How often a host proves to itself that it still hears the channel, in milliseconds; see `BusStatus` `healthy` and
   * `stale`. A broker that has not answered for twice as long is given up, and connected to anew. A bus made by hand has
   * its own. Node hosts tell each other at this interval too that they live, and are given up after three of them.
   * @default 5_000
   */
  readonly heartbeatInterval?: number | undefined;
  /** Where the few log lines go. `false` is silence. @default console */
  readonly logger?: Logger | false | undefined;
}

/** What adapter and emitter have in common where they read too. */
export interface ReaderOptions extends ChannelOptions {
  /**
   * What to do with pickles, which python-socketio before 5.14 sends. `"refuse"`: they are refused unopened, and
   * reported. `"data-only"`: the data in them is read, by a reader that can call nothing; a pickle with anything else in
   * it is refused whole, as `unsafe_pickle`. None is ever written.
   *
   * What it does not change: a Python host before 5.14 runs every pickle that anybody puts on the channel
   * (CVE-2025-61765). Upgrade it where you can.
   * @default "refuse"
   */
  readonly legacyPickle?: LegacyPickle | undefined;
  /**
   * Largest message that is read, in bytes. Redis cuts a subscriber off that has 32 MiB waiting for it.
   * @default 33_554_432 (32 MiB)
   */
  readonly maxMessageSize?: number | undefined;
  /**
   * Most acknowledgements that are waited for at a time, in each direction. Beyond it an emit is still delivered, but
   * ends with its timeout (ours), or the oldest answer is no longer passed on (another host's). Most requests to other
   * Node hosts at a time as well, beyond which they fail with `BRIDGE_BUSY`.
   * @default 10_000
   */
  readonly maxPendingAcks?: number | undefined;
  /**
   * Whether an acknowledged emit waits for clients of Python hosts, which can be heard but not counted. `"never"`: there
   * are none, and it ends with the last answer of a Node host's client. `"always"`: one to a room or to everyone takes
   * until its timeout. `"auto"`: it does where the broker tells of readers that are no Node hosts (Redis), or else where
   * a Python process was heard within the last hour.
   * @default "auto"
   */
  readonly pythonHosts?: PythonHostsMode | undefined;
}

/**
 * What is kept for clients that come back, where the server has `connectionStateRecovery`; for as long as that allows
 * them to be away, and the time that it takes to find out that a connection is dead.
 */
export interface RecoveryLimits {
  /** Most emits, and most messages of the channel by name. @default 50_000 */
  readonly maxMessages?: number | undefined;
  /** Most bytes of the emits, as they are on the channel. @default 33_554_432 (32 MiB) */
  readonly maxBytes?: number | undefined;
  /** Most sessions of clients that are away, for each namespace. @default 10_000 */
  readonly maxSessions?: number | undefined;
}

export interface AdapterOptions extends ReaderOptions {
  /**
   * Whether JSON of other hosts goes to clients as it came, byte for byte, where that can be: it is checked to be JSON,
   * and not decoded. `false` decodes and encodes each event, as Socket.IO does, which changes `1.0` to `1` and rounds
   * integers beyond 2^53.
   * @default true
   */
  readonly passthrough?: boolean | undefined;
  readonly recovery?: RecoveryLimits | undefined;
  /**
   * How long `fetchSockets()` and `serverSideEmitWithAck()` wait for the other Node hosts, in milliseconds.
   * @default 5_000
   */
  readonly requestsTimeout?: number | undefined;
}

export interface EmitterOptions extends ReaderOptions {
  /**
   * Whether to read what comes back, so that `timeout(ms).emitWithAck()` works. The emitter then has subscriptions, and
   * hears what hosts hear.
   * @default false
   */
  readonly acks?: boolean | undefined;
}

export interface NormalizedChannel {
  readonly channels: readonly [string, ...string[]];
  readonly toPythonRoom: (room: string, namespace: string) => WireRoom;
  readonly encoding: Encoding;
  readonly dialect: Dialect;
  readonly logger: Logger;
}

export interface NormalizedReader extends NormalizedChannel {
  readonly legacyPickle: LegacyPickle;
  readonly heartbeatInterval: number;
  readonly maxMessageSize: number;
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
  return oneOf("encoding", encoding, Object.keys(ENCODERS) as readonly Encoding[]);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeDialect(dialect: string = "5.15"): Dialect {
  return oneOf("dialect", dialect, DIALECT_NAMES);
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeLegacyPickle(mode: string = "refuse"): LegacyPickle {
  return oneOf("legacyPickle", mode, LEGACY_PICKLE_MODES);
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
    logger: normalizeLogger(options.logger),
  };
}

/** @throws BridgeError `BRIDGE_INVALID_OPTION` */
export function normalizeReader(options: ReaderOptions): NormalizedReader {
  return {
    ...normalizeChannel(options),
    legacyPickle: normalizeLegacyPickle(options.legacyPickle),
    heartbeatInterval: normalizeHeartbeat(options.heartbeatInterval),
    maxMessageSize: integerInRange("maxMessageSize", options.maxMessageSize ?? 32 * 1024 * 1024),
    maxPendingAcks: integerInRange("maxPendingAcks", options.maxPendingAcks ?? 10_000),
    pythonHosts: oneOf("pythonHosts", options.pythonHosts ?? "auto", PYTHON_HOSTS_MODES),
  };
}

function normalizeRecovery(limits: RecoveryLimits = {}): NormalizedAdapter["recovery"] {
  return {
    maxMessages: integerInRange("recovery.maxMessages", limits.maxMessages ?? 50_000),
    maxBytes: integerInRange("recovery.maxBytes", limits.maxBytes ?? 32 * 1024 * 1024),
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
