import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";
import { io as connect, type Socket } from "socket.io-client";
import type { Bus } from "../../src/bus/bus.js";
import { openBus } from "../../src/bus/open.js";
import { sideChannelOf } from "../../src/protocol/side-channel/channel-name.js";
import type { Random } from "../chaos/random.js";
import { type BenchBroker, BROKERS } from "../faults/brokers.js";
import type { BusName } from "../faults/names.js";
import { makeReleases } from "../shared/releases.js";
import type { Frame } from "./floods.js";
import type { Knowledge } from "./grammar.js";
import { type LyingLink, openLyingLink } from "./lying-link.js";
import { Target, type TargetAnswer } from "./target.js";

/** What became of a good message. */
export interface GoodMessage {
  /** How long it took, in milliseconds. */
  readonly time: number;
  /** Hosts whose client did not get it, and whether that client was connected. */
  readonly missing: readonly string[];
}

/** Everything that an attack needs: a broker, those who are attacked, their clients, and a way to publish anything. */
export interface World {
  readonly targets: readonly Target[];
  /** The network of the last of the targets. */
  readonly link: LyingLink;
  readonly known: () => Knowledge;
  readonly seeds: () => readonly Frame[];
  publish(frame: Frame): Promise<void>;
  /** Connects another client to the first host. */
  connectClient(): Promise<Socket>;
  /** Resolves when the hosts have passed on all that the client has sent, or it was disconnected. */
  relay(client: Socket): Promise<void>;
  /** A good message. Resolves when the client of each host has it, or after `timeout` milliseconds, a minute by default. */
  good(timeout?: number): Promise<GoodMessage>;
  /** Starts those again that have died. */
  revive(answers: readonly TargetAnswer[]): Promise<void>;
  /** Ends everything, however far the start has come. */
  end(): Promise<void>;
}

const ADDRESS = "127.0.0.1";
const GOOD_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 30_000;
const MOST_SEEDS = 400;

/** As `maxMessageSize` allows at most. */
const LARGEST = 48 * 2 ** 20;

/** How the hosts read: everything that a reader can be asked to do is done by one of them. */
const READERS = [
  { name: "host-1", adapter: { maxMessageSize: LARGEST, logger: false } },
  {
    name: "host-2",
    adapter: {
      maxMessageSize: LARGEST,
      logger: false,
      passthrough: false,
      legacyPickle: "data-only",
      encoding: "msgpack",
    },
  },
] as const;

const HOST_ID = /[0-9a-f]{32}/g;
const SID = /[A-Za-z0-9_-]{20}/g;

/** Remembers real messages, and what they name. */
class Overheard {
  readonly frames: Frame[] = [];
  readonly hosts = new Set<string>();
  readonly sids = new Set<string>();
  isListening = true;

  hear(isSideChannel: boolean, payload: Uint8Array): void {
    if (!this.isListening || this.frames.length >= MOST_SEEDS) {
      return;
    }
    const frame = Buffer.from(payload);
    this.frames.push({ isSideChannel, payload: frame });
    const text = frame.toString("latin1");
    for (const [id] of text.matchAll(HOST_ID)) {
      this.hosts.add(id);
    }
    for (const [sid] of text.matchAll(SID)) {
      this.sids.add(sid);
    }
  }
}

/** Redis would cut off subscribers that do not read a heavy frame at once, and then nobody read it. */
async function liftLimits(bus: BusName, { port }: BenchBroker): Promise<void> {
  if (bus === "redis" || bus === "kombu-redis") {
    const admin = new Redis(port, ADDRESS);
    await admin.config("SET", "client-output-buffer-limit", "pubsub 0 0 0");
    admin.disconnect();
  }
}

/** A client of a host, which comes back by itself, and hears good messages, and what other clients relay. */
function goodClient(url: () => string, heard: (token: unknown) => void): Socket {
  const socket = connect(url(), {
    transports: ["websocket"],
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 500,
  });
  // socket.io-client passes as many arguments to listeners as a message has, which overflows the stack for millions.
  Object.assign(socket, {
    onevent: ({ data, id }: { readonly data: readonly unknown[]; readonly id?: number }) => {
      if (data[0] === "good" || data[0] === "relayed") {
        heard(data[1]);
      } else if (data[0] === "asked" && id !== undefined) {
        (socket as unknown as { ack(id: number): (answer: string) => void }).ack(id)("yes");
      }
    },
  });
  // A host that was started again has another address.
  socket.io.on("reconnect_attempt", () => {
    (socket.io as unknown as { uri: string }).uri = url();
  });
  // A host may disconnect it on behalf of whoever writes to the channel.
  socket.on("disconnect", (reason) => reason === "io server disconnect" && socket.connect());
  return socket;
}

async function until(condition: () => boolean, timeout: number): Promise<boolean> {
  const deadline = performance.now() + timeout;
  while (!condition() && performance.now() < deadline) {
    await pause(5);
  }
  return condition();
}

/** @param cleanUp - registers what must run however the run ends */
export async function startWorld(
  bus: BusName,
  random: Random,
  cleanUp: (release: () => Promise<void>) => void,
): Promise<World> {
  const releases = makeReleases(cleanUp);
  const { end } = releases;
  const channel = `attack-${randomUUID()}`;
  let portBehind = 0;
  const link = await openLyingLink(random, () => portBehind);
  releases.push(() => link.close());
  const broker = await BROKERS[bus](ADDRESS, [`${ADDRESS}:${link.port}`]);
  releases.push(() => broker.end());
  [portBehind = 0] = broker.portsBehind;
  await liftLimits(bus, broker);
  const lyingUrl = broker.url.replace(`:${broker.port}`, `:${link.port}`);

  const targets = await Promise.all([
    ...READERS.map(({ name, adapter }) => Target.start(name, { kind: "host", url: broker.url, channel, adapter })),
    Target.start("emitter", {
      kind: "emitter",
      url: broker.url,
      channel,
      adapter: { maxMessageSize: LARGEST, logger: false },
    }),
    Target.start("host-3", {
      kind: "host",
      url: lyingUrl,
      channel,
      adapter: { logger: false },
    }),
  ]);
  releases.push(() => Promise.all(targets.map((target) => target.end())));

  const publisher = openBus(broker.url, channel, {});
  releases.push(() => publisher.close());
  const raw = bus === "kombu-redis" ? openBus(broker.url.replace("kombu+", ""), channel, {}) : undefined;
  releases.push(() => raw?.close());

  const overheard = new Overheard();
  const listener: Bus = openBus(broker.url, channel, {});
  releases.push(() => listener.close());
  await listener.subscribe(channel, (payload) => overheard.hear(false, payload));
  await listener.subscribe(sideChannelOf(channel), (payload) => overheard.hear(true, payload));

  const hosts = targets.filter(({ isHost }) => isHost);
  /** Nobody else knows it, so that no frame is taken for a good message. */
  let token: unknown;
  const heardBy = new Set<number>();
  const clients = hosts.map((host, index) =>
    goodClient(
      () => host.url,
      (heard) => {
        if (heard === token) {
          heardBy.add(index);
        }
      },
    ),
  );
  releases.push(() => {
    for (const client of clients) {
      client.disconnect();
    }
  });
  const publish: World["publish"] = ({ isSideChannel, isRaw = false, payload }) => {
    const to = isSideChannel ? sideChannelOf(channel) : channel;
    return isRaw && raw !== undefined ? raw.publish(`/0.${to}`, payload) : publisher.publish(to, payload);
  };
  const world: World = {
    targets,
    link,
    known: () => ({ hosts: [...overheard.hosts], sids: [...overheard.sids] }),
    seeds: () => overheard.frames,
    publish,
    connectClient: async () => {
      const client = connect((hosts[0] as Target).url, {
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
      });
      await until(() => client.connected, CONNECT_TIMEOUT_MS);
      return client;
    },
    relay: async (client) => {
      token = randomUUID();
      heardBy.clear();
      client.emit("relay", token);
      const isThrough = () => hosts.every(({ isAlive }, index) => heardBy.has(index) || !isAlive);
      await until(() => isThrough() || !client.connected, CONNECT_TIMEOUT_MS);
    },
    good: async (timeout = GOOD_TIMEOUT_MS) => {
      const isDead = (index: number) => hosts[index]?.isAlive === false;
      await until(() => clients.every(({ connected }, index) => connected || isDead(index)), CONNECT_TIMEOUT_MS);
      const start = performance.now();
      token = randomUUID();
      heardBy.clear();
      const message = { method: "emit", event: "good", data: [token], namespace: "/", room: null, skip_sid: null };
      const rest = { binary: false, callback: null, host_id: "f".repeat(32) };
      await publish({ isSideChannel: false, payload: Buffer.from(JSON.stringify({ ...message, ...rest })) });
      await until(() => hosts.every((_, index) => heardBy.has(index) || isDead(index)), timeout);
      const missing = hosts.flatMap(({ name }, index) => {
        const state = clients[index]?.connected ? "connected" : "disconnected";
        return heardBy.has(index) ? [] : [`${name} (its client is ${state})`];
      });
      return { time: performance.now() - start, missing };
    },
    revive: async (answers) => {
      const dead = answers.filter(({ death }) => death !== undefined).map(({ name }) => name);
      await Promise.all(targets.filter(({ name }) => dead.includes(name)).map((target) => target.restart()));
      await until(() => clients.every(({ connected }) => connected), CONNECT_TIMEOUT_MS);
    },
    end,
  };
  await talk(world, clients);
  overheard.isListening = false;
  return world;
}

/** Messages of every kind, to be overheard. */
async function talk(world: World, clients: readonly Socket[]): Promise<void> {
  await until(() => clients.every(({ connected }) => connected), CONNECT_TIMEOUT_MS);
  for (const client of clients) {
    client.emit("join", "a");
    client.emit("relay", "text", 1.5, { deep: [{ list: [null, true] }] }, Buffer.from("bytes"));
    client.emit("relay to", "a", { more: "ž" });
    client.emit("relay except", "a");
    client.emit("call", "called", 1);
  }
  await world.good();
  await Promise.all(world.targets.map((target) => target.answer()));
}
