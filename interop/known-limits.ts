import type { Encoding } from "../src/index.js";
import type { PeerKind } from "../src/testing/python-peer.js";
import { isBefore } from "./python-release.js";

/** What a limit may depend on. */
export interface LimitQuery {
  /** Of python-socketio. */
  readonly release: string;
  /** Of the queue's URL, without the colon. */
  readonly scheme: string;
  readonly scenario: string;
  readonly kind: PeerKind;
  readonly encoding: Encoding;
}

/** Applies to everything that it does not name. */
interface Limit {
  /** The first release that cannot, and the first one after it that can. */
  readonly from?: string;
  readonly before?: string;
  readonly scenarios?: readonly string[];
  readonly kinds?: readonly PeerKind[];
  readonly schemes?: RegExp;
  readonly encoding?: Encoding;
  readonly reason: string;
}

const HOSTS = ["threaded", "flask", "asgi"] as const satisfies readonly PeerKind[];
const EMITTERS = ["write-only", "celery"] as const satisfies readonly PeerKind[];

/** Taken from the sources of each release of python-socketio. Every run tries each of them, and fails if it works. */
const LIMITS: readonly Limit[] = [
  {
    before: "5.14",
    schemes: /^amqps?$/,
    kinds: ["asgi"],
    reason: "Before 5.14 AsyncAioPikaManager reads only pickles: a message in JSON ends its listener.",
  },
  {
    from: "5.14",
    before: "5.14.3",
    schemes: /^amqps?$/,
    kinds: ["asgi"],
    encoding: "json",
    reason: "From 5.14.0 to 5.14.2 AsyncAioPikaManager passes str to aio-pika, which takes bytes: it cannot publish.",
  },
  {
    before: "5.14",
    schemes: /^kafka$/,
    kinds: HOSTS,
    reason: "Before 5.14 KafkaManager reads only pickles: a message in JSON ends its listener.",
  },
  {
    before: "5.14",
    schemes: /^zmq\+tcp$/,
    reason: "Before 5.14 ZmqManager reads and writes only pickles.",
  },
  {
    from: "5.14",
    schemes: /^kafka$/,
    kinds: ["flask"],
    encoding: "json",
    reason: "From 5.14 on KafkaManager passes str to kafka-python, which takes bytes: it cannot publish.",
  },
  {
    from: "5.14",
    before: "5.15.1",
    scenarios: ["python-emits-several-arguments"],
    reason: "From 5.14 to 5.15.0 a tuple is published as a list, which is one argument.",
  },
  {
    from: "5.14",
    before: "5.14.2",
    scenarios: ["python-emits-bytes", "python-emits-empty-bytes", "python-emits-bytes-at-depth"],
    reason: "5.14.0 and 5.14.1 cannot represent bytes in JSON: emit() raises.",
  },
  {
    from: "5.14",
    before: "5.15.1",
    scenarios: ["python-emits-bytes-among-arguments"],
    reason: "From 5.14 to 5.15.0 bytes in a tuple cannot be represented in JSON: emit() raises.",
  },
  {
    before: "5.14.2",
    scenarios: ["node-emits-bytes", "node-emits-bytes-at-depth"],
    reason: "Before 5.14.2 bytes cannot be represented in JSON: Node's emit() fails with an error.",
  },
  {
    before: "5.15.1",
    scenarios: ["node-emits-several-arguments", "node-emits-bytes-among-arguments"],
    reason:
      "Before 5.15.1 a list in JSON is one argument, and several have no form: Node's emit() fails with an error.",
  },
  {
    before: "5.3",
    kinds: HOSTS,
    scenarios: ["python-several-rooms", "node-several-rooms"],
    reason:
      "Before 5.3 an emit goes to one room: a list of rooms ends the listener of a server, so Node's emit() fails.",
  },
  {
    from: "5.3",
    before: "5.8",
    kinds: ["asgi"],
    scenarios: ["node-several-rooms"],
    reason: "AsyncServer has lists of rooms from 5.8 on: before, handling such a message raises.",
  },
  {
    before: "5",
    kinds: ["threaded", "flask"],
    scenarios: ["node-disconnect"],
    reason:
      "Before 5.0 a threaded server that disconnects a polling client blocks its listener for ever " +
      "(python-engineio 3): it never receives the next command.",
  },
  {
    before: "5.10",
    scenarios: ["python-enter-room", "python-leave-room", "node-enter-room", "node-leave-room"],
    reason: "The channel has the commands enter_room and leave_room from 5.10 on.",
  },
  {
    before: "5.4.1",
    kinds: EMITTERS,
    scenarios: ["python-disconnect"],
    reason: "Before 5.4.1 a manager without a server looks for the client among its own, of which it has none.",
  },
  {
    from: "5.10",
    kinds: EMITTERS,
    scenarios: ["python-disconnect"],
    reason:
      "From 5.10 on a manager has its server disconnect the client before it publishes the command; alone, it has no server.",
  },
];

function applies(limit: Limit, { release, scheme, scenario, kind, encoding }: LimitQuery): boolean {
  const { from, before, scenarios, kinds, schemes } = limit;
  return (
    (from === undefined || !isBefore(release, from)) &&
    (before === undefined || isBefore(release, before)) &&
    (scenarios?.includes(scenario) ?? true) &&
    (kinds?.includes(kind) ?? true) &&
    (schemes?.test(scheme) ?? true) &&
    (limit.encoding ?? encoding) === encoding
  );
}

/** What a release cannot do. */
export interface KnownLimit {
  /** Why, in one sentence. */
  readonly reason: string;
  /** It is all that this kind of peer does, so that it may not even start. */
  readonly isEverything: boolean;
}

/** `undefined` where that release can. */
export function knownLimit(query: LimitQuery): KnownLimit | undefined {
  const limit = LIMITS.find((one) => applies(one, query));
  return limit && { reason: limit.reason, isEverything: limit.scenarios === undefined };
}

/** Why there is no such peer for a broker, whatever is installed. */
export function unsupportedPeer({
  scheme,
  kind,
  encoding,
}: Omit<LimitQuery, "release" | "scenario">): string | undefined {
  if (kind === "asgi" && /^(kafka|kombu\+.*|zmq\+tcp)$/.test(scheme)) {
    return `python-socketio has no asynchronous manager for ${scheme}://`;
  }
  if (encoding === "msgpack" && scheme === "zmq+tcp") {
    return "ZmqManager puts each message into JSON, which cannot hold MessagePack";
  }
  // In another encoding it is given its manager.
  if (kind === "flask" && encoding === "json" && scheme.startsWith("kombu+")) {
    return `Flask-SocketIO takes ${scheme.slice("kombu+".length)}:// for its own, not for Kombu's`;
  }
  return undefined;
}
