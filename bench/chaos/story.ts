import type { Emitted, Evidence } from "./evidence.js";
import type { SenderRecord } from "./sender-record.js";

/** What became of a message that is missing somewhere. Times are those of the failure that it belongs to. */
export interface Story {
  readonly number: number;
  /** When the loop began that emitted it. */
  readonly emittedAt: number;
  /** What its sender knows. */
  readonly fate: { readonly name: string; readonly at: number } | undefined;
  /** When the clients got it that have it. */
  readonly arrivals: readonly { readonly receiver: string; readonly at: number }[];
}

/** A pattern shows in a few. */
const MOST = 3;

export function storiesOf(
  { receivers }: Evidence,
  sender: SenderRecord,
  cases: readonly { readonly number: number; readonly run: Emitted }[],
): readonly Story[] {
  return cases.slice(0, MOST).map(({ number, run }) => {
    const settled = sender.fateOf(number);
    return {
      number,
      emittedAt: run.at,
      fate: settled && { name: settled.fate, at: settled.at },
      arrivals: receivers.flatMap(({ plan, arrivals }) => {
        const of = arrivals.get(sender.name);
        const at = of?.times[of.numbers.indexOf(number)];
        return at === undefined ? [] : [{ receiver: plan.name, at }];
      }),
    };
  });
}

/** @param clock - for each of its times */
export function storyAt({ emittedAt, fate, arrivals, ...story }: Story, clock: (at: number) => number): Story {
  return {
    ...story,
    emittedAt: clock(emittedAt),
    fate: fate && { ...fate, at: clock(fate.at) },
    arrivals: arrivals.map(({ receiver, at }) => ({ receiver, at: clock(at) })),
  };
}

/** @param seconds - writes a time */
export function tell({ number, emittedAt, fate, arrivals }: Story, seconds: (at: number) => string): string {
  const known = fate === undefined ? "of unknown fate" : `${fate.name} at ${seconds(fate.at)}`;
  const got = arrivals.map(({ receiver, at }) => `${receiver} at ${seconds(at)}`).join(", ");
  return `${number}: emitted at ${seconds(emittedAt)}, ${known}; arrived at ${got || "no client"}`;
}
