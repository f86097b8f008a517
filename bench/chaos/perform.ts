import { setTimeout as pause } from "node:timers/promises";
import type { FleetClient } from "../fleet/client.js";
import type { Fleet } from "../fleet/fleet.js";
import type { Member } from "../fleet/member.js";
import { isNode } from "../fleet/roster.js";
import { now, type Span } from "../shared/clock.js";
import type { Action, Schedule, Target } from "./schedule.js";

/** Something that the run did, for the report. Times are those of `now()`. */
export interface Deed {
  readonly from: number;
  to: number;
  readonly text: string;
}

/** Who should get what an operation emits. */
export interface Addressed {
  readonly receivers: readonly FleetClient[];
  /** If it went to a sid, that one. */
  readonly sid: string | undefined;
}

/** What was done in a run. */
export interface Performance {
  readonly deeds: readonly Deed[];
  readonly restarts: readonly Span[];
  /** By the id of the operation. */
  readonly addressed: ReadonlyMap<number, Addressed>;
}

/** Performs the actions of a schedule. */
class Performer {
  readonly deeds: Deed[] = [];
  readonly restarts: Span[] = [];
  readonly addressed = new Map<number, Addressed>();
  readonly #fleet: Fleet;
  readonly #signal: AbortSignal;
  #brokerUp: Promise<void> = Promise.resolve();
  /** A process may take longer to start than until its next fault. */
  readonly #starting = new Map<Member, Promise<void>>();

  constructor(fleet: Fleet, signal: AbortSignal) {
    this.#fleet = fleet;
    this.#signal = signal;
  }

  /** Resolves when what it does is undone. */
  async perform(id: number, action: Action): Promise<void> {
    switch (action.kind) {
      case "emits":
        return this.#emit(id, action);
      case "restart":
        return this.#restart(action.away);
      case "fault":
        return this.#fault(action);
      default:
        action satisfies never;
    }
  }

  #emit(id: number, { sender, target, bytes, count, busy }: Action & { readonly kind: "emits" }): void {
    const { receivers, room, sid } = this.#resolve(target);
    this.addressed.set(id, { receivers, sid });
    this.#member(sender).send({ op: "emit", id, room, bytes, count, busy });
  }

  #resolve(target: Target): Addressed & { readonly room: string | null } {
    const { clients } = this.#fleet;
    if ("to" in target) {
      return { receivers: clients, room: null, sid: undefined };
    }
    if ("room" in target) {
      const { room } = target;
      return { receivers: clients.filter(({ rooms }) => rooms.includes(room)), room, sid: undefined };
    }
    const client = clients.find(({ name }) => name === target.clientOf);
    const sid = client?.sid;
    return { receivers: client === undefined || sid === undefined ? [] : [client], room: sid ?? "nobody", sid };
  }

  /** Ends Python processes that hang, and starts them again, as whoever runs one does. Resolves when aborted. */
  async endHanging(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(POLL_MS, undefined, { signal }).catch(() => {});
      const hanging = this.#fleet.members.filter(
        (member) => !isNode(member.plan) && member.isAlive && member.silence > HANGS_MS && !this.#starting.has(member),
      );
      for (const member of hanging) {
        await this.#doing(`${member.name} hangs in its client library: ended, and started again`, () =>
          this.#startAgain(member, 0),
        );
      }
    }
  }

  async #restart(away: number): Promise<void> {
    const { broker } = this.#fleet;
    const restart = () =>
      this.#doing(`broker away for ${away} ms and its start`, async () => {
        const from = now();
        await broker.crash();
        await this.#wait(away);
        await broker.start();
        this.restarts.push({ from, to: now() });
      });
    // Several may have come while it starts.
    this.#brokerUp = this.#brokerUp.then(restart);
    await this.#brokerUp;
  }

  async #fault({ fault, member: name, time, bytesPerSecond }: Action & { readonly kind: "fault" }): Promise<void> {
    const member = this.#member(name);
    await this.#starting.get(member);
    switch (fault) {
      case "block":
        return this.#doing(`${name} computes for ${time} ms`, async () => {
          member.send({ op: "block", time });
          await this.#wait(time);
        });
      case "stop":
        return this.#doing(`${name} stopped for ${time} ms`, async () => {
          member.signal("SIGSTOP");
          await this.#wait(time);
          member.signal("SIGCONT");
        });
      case "throttle":
        return this.#doing(`${name} reads ${bytesPerSecond} bytes/s for ${time} ms`, async () => {
          member.link.throttle(bytesPerSecond);
          await this.#wait(time);
          member.link.throttle(undefined);
        });
      case "cut":
        return this.#doing(`${name} cut off for ${time} ms`, async () => {
          await member.link.cut();
          await this.#wait(time);
          await member.link.restore();
        });
      case "kill":
        return this.#doing(`${name} killed, started after ${time} ms`, () => this.#startAgain(member, time));
      default:
        fault satisfies never;
    }
  }

  #startAgain(member: Member, time: number): Promise<void> {
    const started = this.#killAndStart(member, time).finally(() => this.#starting.delete(member));
    this.#starting.set(member, started);
    return started;
  }

  async #killAndStart(member: Member, time: number): Promise<void> {
    await member.kill();
    await this.#wait(time);
    for (let attempt = 1; !this.#signal.aborted; attempt += 1) {
      await this.#brokerUp;
      try {
        await member.start();
        member.send(TICKING);
        return;
      } catch (error) {
        if (isNode(member.plan) || attempt === PYTHON_STARTS) {
          throw error;
        }
        await member.kill();
      }
    }
  }

  async #doing(text: string, deed: () => Promise<void>): Promise<void> {
    const record: Deed = { from: now(), to: Number.POSITIVE_INFINITY, text };
    this.deeds.push(record);
    await deed();
    record.to = now();
  }

  async #wait(time: number): Promise<void> {
    await pause(time, undefined, { signal: this.#signal }).catch(() => {});
  }

  #member(name: string): Member {
    const member = this.#fleet.members.find((each) => each.name === name);
    if (member === undefined) {
      throw new Error(`no ${name} in this fleet`);
    }
    return member;
  }
}

/** Python's managers end if the broker goes away, or is slow, while they start: whoever runs one starts it again. */
const PYTHON_STARTS = 5;

/**
 * Longer than any of Python's client libraries tries to publish a message, and than any fault. kafka-python can wait for
 * one for ever.
 */
const HANGS_MS = 180_000;
const POLL_MS = 1_000;

/** Steady traffic of every sender, so that a gap is at most as long. */
const TICKING = { op: "tick", interval: 250 } as const;

/**
 * Performs a schedule. Resolves when every fault is over.
 *
 * @param signal - ends it early; faults are healed all the same
 * @throws Error when a process cannot be started
 */
export async function perform(
  fleet: Fleet,
  { actions }: Schedule,
  signal: AbortSignal,
  onDeed: (deeds: readonly Deed[]) => void,
): Promise<Performance> {
  const performer = new Performer(fleet, signal);
  onDeed(performer.deeds);
  for (const member of fleet.members) {
    member.send(TICKING);
  }
  const start = now();
  const running: Promise<void>[] = [];
  const failure = new AbortController();
  const ended = new AbortController();
  const watching = performer.endHanging(AbortSignal.any([signal, failure.signal, ended.signal]));
  watching.catch(() => failure.abort());
  for (const [id, action] of actions.entries()) {
    const wait = Math.max(0, start + action.at - now());
    await pause(wait, undefined, { signal: AbortSignal.any([signal, failure.signal]) }).catch(() => {});
    if (signal.aborted || failure.signal.aborted) {
      break;
    }
    const performed = performer.perform(id, action);
    performed.catch(() => failure.abort());
    running.push(performed);
  }
  await Promise.all(running);
  ended.abort();
  await watching;
  return performer;
}
