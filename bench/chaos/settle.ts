import { setTimeout as pause } from "node:timers/promises";
import type { Fleet } from "../fleet/fleet.js";
import { now } from "../shared/clock.js";

/** A Python host may take a minute to subscribe again, and then has a backlog. */
const RECOVERY_MS = 120_000;
const LAST_MS = 120_000;
const POLL_MS = 50;

/** @returns what is not true in the end */
async function until(
  conditions: () => readonly string[],
  timeout: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const deadline = now() + timeout;
  let unmet = conditions();
  while (unmet.length > 0 && now() < deadline && !signal.aborted) {
    await pause(POLL_MS);
    unmet = conditions();
  }
  return unmet;
}

/**
 * Waits until traffic flows everywhere, lets every sender emit a last message, and waits until every client has it.
 *
 * @param senders - their names. @default all members
 * @returns what did not arrive in time, in words
 */
export async function settle(
  { members: all, clients }: Fleet,
  signal: AbortSignal,
  senders?: readonly string[],
): Promise<readonly string[]> {
  const members = all.filter(({ name }) => senders?.includes(name) ?? true);
  const since = now();
  const silent = () =>
    clients.flatMap((client) =>
      members
        .filter(({ name }) => (client.arrivals.get(name)?.times.at(-1) ?? 0) <= since)
        .map(({ name }) => `nothing of ${name} arrives at ${client.name} any more`),
    );
  const unrecovered = await until(silent, RECOVERY_MS, signal);
  const last = new Map<string, number>();
  await Promise.all(
    members.map(async (member) => {
      const { number } = await member.sendAndWait({ op: "finish" }, "finished", LAST_MS);
      last.set(member.name, Number(number));
    }),
  );
  const unfinished = () =>
    clients.flatMap((client) =>
      members
        .filter(({ name }) => client.latest(name) < (last.get(name) ?? 0))
        .map(({ name }) => `the last message of ${name} did not arrive at ${client.name}`),
    );
  return [...unrecovered, ...(await until(unfinished, LAST_MS, signal))];
}
