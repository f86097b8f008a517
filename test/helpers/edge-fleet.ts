import type { ExecutionContext } from "ava";
import type { ServerOptions } from "socket.io";
import { io as connect, type Socket } from "socket.io-client";
import { type FailoverMessage, readMessage } from "../../src/edge/failover/messages.js";
import { Seal } from "../../src/edge/failover/seal.js";
import { createEdge } from "../../src/edge/index.js";
import { type Bus, memoryBus } from "../../src/index.js";
import { decodeSideChannel } from "../../src/protocol/side-channel/decode.js";
import type { GroupMessage } from "../../src/protocol/side-channel/messages.js";
import { Inbox } from "../../src/testing/inbox.js";
import { cleanUp } from "../../src/testing/scope.js";
import { FAKE_SECRET, type FakeBackend } from "./fake-backend.js";
import { startNodeHost } from "./node-host.js";

/** What of its messages a host cannot get through: all, as if it had died, or what members of groups send each other. */
type Mute = boolean | "group";

function mutableBus(name: string): { readonly bus: Bus; setMute(mute: Mute): void } {
  const bus = memoryBus(name);
  let mute: Mute = false;
  const isLost = (payload: Uint8Array | string): boolean => {
    const decoded = typeof payload === "string" ? undefined : decodeSideChannel(payload, 2 ** 24);
    return mute === true || (mute === "group" && decoded?.kind === "message" && decoded.message.type === "group");
  };
  return {
    bus: {
      ...bus,
      publish: async (channel, payload) => (isLost(payload) ? undefined : bus.publish(channel, payload)),
    },
    setMute: (value) => {
      mute = value;
    },
  };
}

/** What an edge has told others, opened. */
export interface Told {
  readonly outer: GroupMessage;
  readonly payload: Uint8Array;
  readonly message: FailoverMessage;
}

/** Edges of one application on an in-memory channel, and all that they tell each other. */
export async function startEdgeFleet(t: ExecutionContext) {
  const seal = new Seal(FAKE_SECRET);
  const spy = memoryBus(t.title);
  cleanUp(t, () => spy.close());
  const told = new Inbox<Told>();
  await spy.subscribe("socketio.node", (payload) => {
    const decoded = decodeSideChannel(payload, 2 ** 24);
    if (decoded.kind === "message" && decoded.message.type === "group") {
      const { message: outer } = decoded;
      const text = seal.open(outer.payload, [outer.from, ...outer.to].join(" "));
      const message = text === undefined ? undefined : readMessage(text);
      if (message !== undefined) {
        told.add({ outer, payload, message });
      }
    }
  });

  const startEdge = async (workers: FakeBackend, serverOptions: Partial<ServerOptions> = {}) => {
    const log = new Inbox<string>();
    const add = (line: string) => log.add(line);
    const { bus, setMute } = mutableBus(t.title);
    const host = await startNodeHost(t, bus, { heartbeatInterval: 100 }, serverOptions);
    const edge = createEdge(host.io, host.adapter, {
      backend: workers.url,
      secret: FAKE_SECRET,
      logger: { info: add, warn: add },
    });
    cleanUp(t, () => edge.close());
    await edge.ready();
    const { hostId } = host.adapter;
    return {
      ...host,
      hostId,
      edge,
      log,
      setMute,
      /** Resolves when the client has entered. */
      connect: async (namespace = "/", manager?: Socket): Promise<Socket> => {
        const options = { transports: ["websocket"], reconnection: false };
        const socket =
          manager?.io.socket(namespace) ?? connect(new URL(namespace, host.url).href, { ...options, forceNew: true });
        cleanUp(t, () => socket.disconnect());
        await new Promise<void>((done, fail) => socket.once("connect", done).once("connect_error", fail));
        return socket;
      },
      /** Resolves when its successors have been told that these clients are there. */
      hasTold: (...sids: readonly (string | undefined)[]) =>
        Promise.all(
          sids.map((sid) =>
            told.find(`that ${sid} is there`, ({ outer, message }) => {
              const changed = outer.from === hostId && message.kind === "clients" ? message.changed : [];
              return changed.some(({ sockets }) => sockets.some(([, known]) => known === sid));
            }),
          ),
        ),
    };
  };
  return { told, seal, spy, startEdge };
}

export type Fleet = Awaited<ReturnType<typeof startEdgeFleet>>;

export type EdgeOfFleet = Awaited<ReturnType<Fleet["startEdge"]>>;

/** In the order in which the second and the third take over for the first. */
export function inOrderOf(first: EdgeOfFleet, others: readonly EdgeOfFleet[]): readonly EdgeOfFleet[] {
  const sorted = [...others].sort((one, other) => (one.hostId < other.hostId ? -1 : 1));
  return [...sorted.filter(({ hostId }) => hostId > first.hostId), ...sorted].slice(0, others.length);
}
