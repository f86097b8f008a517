import { setTimeout as pause } from "node:timers/promises";
import { type Random, randomOf } from "../chaos/random.js";
import type { Progress } from "../shared/progress.js";
import { floodsOf } from "./floods.js";
import { HEAVY } from "./heavy.js";
import { CLIENT_ATTACKS } from "./hostile-client.js";
import { LIES } from "./lying-link.js";
import type { AttackName } from "./names.js";
import type { Options } from "./options.js";
import { type Outcome, problemsOf } from "./verdict.js";
import { type GoodMessage, startWorld, type World } from "./world.js";

/** What was sent. */
type Sent = Pick<Outcome, "frames" | "bytes" | "baseline">;

/** One attack. */
export interface Attack {
  readonly attack: AttackName;
  readonly name: string;
  perform(world: World): Promise<Sent>;
}

const MIB = 2 ** 20;

/** So many frames are on their way to the broker at a time. */
const BATCH = 500;

/** After as many frames everybody has read them, so that the broker need not keep more. */
const UNREAD = 20 * BATCH;

/** How long a broker lies, and how often a message is sent meanwhile, in milliseconds. */
const LIE_MS = 8_000;
const LIE_TRAFFIC_MS = 20;

/**
 * A host to which a broker has lied may take as long to connect anew, and Redis keeps nothing for it meanwhile. A client
 * that a frame has disconnected misses what comes before it is back.
 */
const RECONNECT_MS = 30_000;
const RECONNECT_POLL_MS = 500;

/** Kafka refuses larger ones. */
const KAFKA_BYTES = 900_000;

/**
 * Sends good messages until one arrives at every host that lives.
 *
 * @returns the last of them; the time is that from the first
 */
async function untilGood({ good, targets }: World): Promise<GoodMessage> {
  const start = performance.now();
  for (;;) {
    const { missing } = await good(RECONNECT_POLL_MS);
    const time = performance.now() - start;
    const isDone = missing.length === 0 || targets.some(({ isAlive }) => !isAlive);
    if (isDone || time > RECONNECT_MS) {
      return { time, missing };
    }
  }
}

function floods(random: Random, { frames }: Options): readonly Attack[] {
  const all = (world: World) => floodsOf(random, world.known, world.seeds);
  const none = floodsOf(
    random,
    () => ({ hosts: [], sids: [] }),
    () => [],
  );
  return none.map(({ name }, index) => ({
    attack: "floods",
    name,
    perform: async (world) => {
      const flood = all(world)[index] as ReturnType<typeof all>[number];
      const count = Math.ceil(frames / none.length);
      let bytes = 0;
      for (let sent = 0; sent < count; sent += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, count - sent) }, () => flood.next());
        bytes += batch.reduce((sum, { payload }) => sum + payload.byteLength, 0);
        // What the broker refuses, such as an empty message, is no matter of the hosts.
        await Promise.allSettled(batch.map((frame) => world.publish(frame)));
        if (sent % UNREAD === 0) {
          await untilGood(world);
        }
      }
      return { frames: count, bytes };
    },
  }));
}

function heavy({ bus, mebibytes }: Options): readonly Attack[] {
  const size = bus === "kafka" ? KAFKA_BYTES : mebibytes * MIB;
  return HEAVY.filter(({ buses }) => buses?.includes(bus) ?? true).map(({ name, frame }) => ({
    attack: "heavy",
    name,
    perform: async (world) => {
      const built = frame(size);
      await world.publish(built).catch(() => {});
      return { frames: 1, bytes: built.payload.byteLength };
    },
  }));
}

function clients({ mebibytes }: Options): readonly Attack[] {
  const bytes = mebibytes * MIB;
  return CLIENT_ATTACKS.map(({ name, perform }) => ({
    attack: "clients",
    name,
    perform: async (world) => {
      const [host] = world.targets;
      const send = async (nameOf: (event: string) => string) => {
        const socket = await world.connectClient();
        perform((event, ...args) => socket.emit(nameOf(event), ...args), bytes);
        await world.relay(socket);
        await untilGood(world);
        socket.disconnect();
      };
      await send(() => "unheard");
      // One that is dead says so when it is asked.
      const baseline = await host?.sample().catch(() => undefined);
      await Promise.all(world.targets.map((target) => target.reset().catch(() => {})));
      await send((event) => event);
      return { frames: 1, bytes, ...(baseline === undefined ? {} : { baseline }) };
    },
  }));
}

function brokers(): readonly Attack[] {
  return LIES.map((lie) => ({
    attack: "brokers",
    name: `it ${lie}`,
    perform: async (world) => {
      const { link, publish } = world;
      const payload = Buffer.from(
        `{"method": "emit", "event": "relayed", "data": ["${"x".repeat(500)}"], "namespace": "/", "room": null, ` +
          `"skip_sid": null, "callback": null, "host_id": "${"f".repeat(32)}"}`,
      );
      link.tell(lie);
      const until = performance.now() + LIE_MS;
      let frames = 0;
      for (; performance.now() < until; frames += 1) {
        await publish({ isSideChannel: frames % 2 === 1, payload }).catch(() => {});
        await pause(LIE_TRAFFIC_MS);
      }
      link.tell("none");
      return { frames, bytes: frames * payload.byteLength };
    },
  }));
}

async function ask(world: World): Promise<Pick<Outcome, "good" | "answers">> {
  const good = await untilGood(world);
  return { good, answers: await Promise.all(world.targets.map((target) => target.answer())) };
}

export interface AttackRun {
  readonly options: Options;
  /** @default those that the options name */
  readonly attacks?: readonly Attack[];
  readonly progress: Pick<Progress, "phase">;
  readonly signal: AbortSignal;
  readonly cleanUp: (release: () => Promise<void>) => void;
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Runs attacks, one after the other, and asks after each. Who has died is started again for the next. */
export async function runAttacks(run: AttackRun): Promise<readonly Outcome[]> {
  const { options, progress, signal, cleanUp, onOutcome } = run;
  const random = randomOf(options.seed);
  const all = [...floods(random, options), ...heavy(options), ...clients(options), ...brokers()];
  const attacks = run.attacks ?? all.filter(({ attack }) => options.attacks.includes(attack));
  progress.phase("starting the targets");
  const world = await startWorld(options.bus, random, cleanUp);
  const outcomes: Outcome[] = [];
  try {
    for (const [index, { attack, name, perform }] of attacks.entries()) {
      if (signal.aborted) {
        break;
      }
      progress.phase(`${index + 1} of ${attacks.length}: ${attack}, ${name}`);
      await Promise.all(world.targets.map((target) => target.reset()));
      const sent = await perform(world);
      const { good, answers } = await ask(world);
      const measured = { attack, name, ...sent, good, answers };
      const outcome: Outcome = { ...measured, problems: problemsOf(measured) };
      outcomes.push(outcome);
      onOutcome(outcome);
      await world.revive(answers);
    }
    return outcomes;
  } finally {
    await world.end();
  }
}
