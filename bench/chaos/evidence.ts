import type { BusName } from "../faults/names.js";
import type { Arrivals, Window } from "../fleet/client.js";
import type { Death, EmittedRun, MemberStatus, SettledRun } from "../fleet/member.js";
import type { MemberPlan } from "../fleet/roster.js";
import type { Span } from "../shared/clock.js";

/** Numbers that were emitted in one loop, and who should get them. */
export interface Emitted extends EmittedRun {
  /** Names of the hosts whose clients they are for. */
  readonly receivers: readonly string[];
  /** If they went to a sid, when its client lost that. */
  readonly sidLostAt?: number | undefined;
}

export interface SenderEvidence {
  readonly plan: MemberPlan;
  readonly emitted: readonly Emitted[];
  readonly settled: readonly SettledRun[];
  readonly statuses: readonly MemberStatus[];
  readonly deaths: readonly Death[];
  /** When connections between it and the broker ended. */
  readonly closings: readonly number[];
}

export interface ReceiverEvidence {
  readonly plan: MemberPlan;
  /** By sender. */
  readonly arrivals: ReadonlyMap<string, Arrivals>;
  readonly windows: readonly Window[];
  readonly damaged: readonly string[];
  /** Of its host. */
  readonly deaths: readonly Death[];
}

/** What was observed in a run. */
export interface Evidence {
  readonly bus: BusName;
  readonly senders: readonly SenderEvidence[];
  readonly receivers: readonly ReceiverEvidence[];
  /** From each crash of the broker until it accepted connections again. */
  readonly restarts: readonly Span[];
}
