import type { Window } from "../fleet/client.js";
import { isNode } from "../fleet/roster.js";
import type { Span } from "../shared/clock.js";
import type { Emitted, Evidence, ReceiverEvidence } from "./evidence.js";
import { expected, SenderRecord } from "./sender-record.js";
import { type Story, storiesOf } from "./story.js";
import { type Track, trackOf } from "./track.js";

/** What announced that a message is missing. */
export type Announcement =
  | "rejected"
  | "dropped"
  | "killed sender"
  | "client disconnected"
  | "host reconnecting"
  | "host reported"
  | "python outage";

/** A failure in words, with when it happened, if that is known. */
export interface Failure {
  readonly kind: "silent loss" | "doubled" | "out of order" | "needless drop" | "unannounced drop" | "other";
  readonly text: string;
  readonly sender?: string;
  readonly receiver?: string;
  readonly numbers: readonly number[];
  /** On the clock of the run. */
  readonly at?: number;
  /** Of the first of the numbers. */
  readonly stories?: readonly Story[];
}

/** One sender at one client. */
export interface Pair {
  readonly sender: string;
  readonly receiver: string;
  readonly expected: number;
  readonly received: number;
  readonly announced: Readonly<Partial<Record<Announcement, number>>>;
  readonly silent: number;
  /** Additional arrivals. */
  readonly doubled: number;
}

export interface Judgement {
  readonly pairs: readonly Pair[];
  readonly failures: readonly Failure[];
}

const ANNOUNCEMENTS: Readonly<Record<Window["kind"], Announcement>> = {
  disconnected: "client disconnected",
  reconnecting: "host reconnecting",
  reported: "host reported",
  outage: "python outage",
};

/** A message of a pair that is looked at. */
interface Case {
  readonly evidence: Evidence;
  readonly sender: SenderRecord;
  readonly receiver: ReceiverEvidence;
  readonly track: Track;
  readonly number: number;
  readonly run: Emitted;
}

const isOwnClient = ({ sender, receiver }: Pick<Case, "sender" | "receiver">): boolean =>
  sender.name === receiver.plan.name;

/**
 * Whether the broker or the package is documented to lose messages in such a window (docs/reliability.md): Redis keeps
 * nothing for a host that is disconnected, RabbitMQ forgets in a restart who is bound, Kafka keeps everything.
 */
function mayLose({ evidence, sender, receiver, number }: Case, window: Window): boolean {
  if (window.kind === "disconnected" || isOwnClient({ sender, receiver })) {
    return window.kind === "disconnected";
  }
  if (window.kind === "reported") {
    return true;
  }
  if (evidence.bus === "kafka") {
    return false;
  }
  if (evidence.bus !== "rabbitmq" || window.kind === "outage") {
    return true;
  }
  const settled = sender.fateOf(number);
  const [from, to] = window.times;
  // What RabbitMQ had confirmed before it was killed is in the queues of Node hosts, on its disk.
  return evidence.restarts.some(
    (restart) =>
      restart.from <= to && restart.to >= from && !(settled?.fate === "confirmed" && settled.at < restart.from),
  );
}

/** Whether the message could have been delivered in the window: between its neighbours, and not before it was sent. */
function isWithin(missing: Case, window: Window): boolean {
  const { track, number, run } = missing;
  const { positions, times } = window;
  const [below, above] = track.neighbours(number);
  const isBelow = below === undefined || positions[1] > below.position || hasWaited(missing, below.number, window);
  return isBelow && (above === undefined || positions[0] < above.position) && run.at <= times[1];
}

/**
 * Whether a message that has arrived was in the host's queue when RabbitMQ was killed: the queue is on its disk, and is
 * delivered after the window.
 */
function hasWaited({ evidence, sender, receiver }: Case, number: number, { times: [from, to] }: Window): boolean {
  const isInRestart = (restart: Span) =>
    restart.from <= to && restart.to >= from && sender.sentAt(number) < restart.from;
  return evidence.bus === "rabbitmq" && isNode(receiver.plan) && evidence.restarts.some(isInRestart);
}

/** What announced that a missing message is missing; undefined if nothing did. */
function announcementOf(missing: Case): Announcement | undefined {
  const { sender, receiver, number, run } = missing;
  const { fate, at: settledAt = Number.POSITIVE_INFINITY } = sender.fateOf(number) ?? {};
  if (fate === "rejected") {
    return "rejected";
  }
  // It waited for the broker, or was on its way, when the host of that client was killed.
  if (run.sidLostAt !== undefined && settledAt >= run.sidLostAt) {
    return "client disconnected";
  }
  if (!isOwnClient(missing)) {
    if (fate === "dropped" || fate === "unpublished") {
      return "dropped";
    }
    if (sender.mayHaveDiedWith(number)) {
      return "killed sender";
    }
  }
  const window = receiver.windows.find((each) => mayLose(missing, each) && isWithin(missing, each));
  return window && ANNOUNCEMENTS[window.kind];
}

/** Whether a message that arrived again, or after a later one, did so because it was sent again. */
function isResent(late: Case, sentAt: number, at: number, position: number): boolean {
  const { evidence, sender, receiver } = late;
  if (isOwnClient(late)) {
    return false;
  }
  const isRedelivered =
    evidence.bus === "rabbitmq" &&
    !isNode(receiver.plan) &&
    receiver.windows.some(({ kind, positions }) => kind === "outage" && positions[0] < position);
  return isRedelivered || sender.mayHaveSentAgain(late.number, sentAt, at);
}

/** What is found of one pair. */
interface Findings {
  expected: number;
  received: number;
  doubled: number;
  readonly announced: Partial<Record<Announcement, number>>;
  readonly silent: Case[];
  readonly doubledWithoutReason: Case[];
  readonly late: Case[];
}

function lookAt(seen: Case, findings: Findings): void {
  const { track, number, run, receiver } = seen;
  findings.expected += 1;
  if (!track.has(number)) {
    const announcement = announcementOf(seen);
    if (announcement === undefined) {
      findings.silent.push(seen);
    } else {
      findings.announced[announcement] = (findings.announced[announcement] ?? 0) + 1;
    }
    return;
  }
  findings.received += 1;
  const doubles = track.doubles(number);
  findings.doubled += doubles.length;
  if (doubles.some(({ at, position }) => !isResent(seen, run.at, at, position))) {
    findings.doubledWithoutReason.push(seen);
  }
  const late = track.lateArrival(number);
  if (late !== undefined) {
    // Its first copy was lost to this host, or it would have come in order.
    const hasMissedOne = receiver.windows.some(({ times }) => times[1] >= run.at && times[0] <= late.at);
    if (!hasMissedOne || !isResent(seen, run.at, late.at, late.position)) {
      findings.late.push(seen);
    }
  }
}

function failuresOf({ silent, doubledWithoutReason, late }: Findings): readonly Failure[] {
  const failure = (kind: Failure["kind"], what: string, cases: readonly Case[]): readonly Failure[] => {
    const [first] = cases;
    const numbers = cases.map(({ number }) => number);
    return first === undefined
      ? []
      : [
          {
            ...{ kind, text: `${cases.length} ${what}`, numbers, at: first.run.at },
            ...{ sender: first.sender.name, receiver: first.receiver.plan.name },
            stories: storiesOf(first.evidence, first.sender, cases),
          },
        ];
  };
  return [
    ...failure("silent loss", "lost without a word", silent),
    ...failure("doubled", "arrived twice without an outage of the sender", doubledWithoutReason),
    ...failure("out of order", "arrived after a later one", late),
  ];
}

function findingsOf(evidence: Evidence, sender: SenderRecord, receiver: ReceiverEvidence): Findings {
  const track = trackOf(receiver.arrivals.get(sender.name));
  const findings: Findings = {
    ...{ expected: 0, received: 0, doubled: 0, announced: {} },
    ...{ silent: [], doubledWithoutReason: [], late: [] },
  };
  for (const { number, run } of expected(sender.evidence, receiver.plan.name)) {
    lookAt({ evidence, sender, receiver, track, number, run }, findings);
  }
  return findings;
}

/**
 * A client of a Node host may lose its connection when its host is killed, and at no other time. A Python host has pings
 * wait behind a backlog, so that clients may give it up.
 */
function failuresOfConnection({ plan, windows, deaths, damaged }: ReceiverEvidence): readonly Failure[] {
  const other = (text: string, at?: number): Failure => ({
    ...{ kind: "other", text, receiver: plan.name, numbers: [] },
    ...(at === undefined ? {} : { at }),
  });
  const lost = (isNode(plan) ? windows : [])
    .filter(({ kind, why }) => kind === "disconnected" && why !== "start")
    // The client sees the end of the connection when the process is gone, within moments.
    .filter(({ times }) => !deaths.some(({ at }) => at >= times[0] - 2_000 && at <= times[1] + 2_000));
  return [
    ...lost.map(({ why, times }) => other(`its client was disconnected: ${why}`, times[0])),
    ...damaged.map((text) => other(`damaged: ${text}`)),
  ];
}

/** The bounds of the outage buffer are for outages, and not for a busy process. */
function failuresOfDrops(sender: SenderRecord): readonly Failure[] {
  const drops = sender.needlessDrops();
  if (drops === undefined) {
    return [];
  }
  const text = `${drops.count} given up while the broker was there`;
  return [{ kind: "needless drop", text, sender: sender.name, numbers: [], at: drops.at }];
}

/** Accounts for every message of every sender at every client that should have it. */
export function judge(evidence: Evidence): Judgement {
  const pairs: Pair[] = [];
  const failures: Failure[] = evidence.receivers.flatMap(failuresOfConnection);
  for (const sent of evidence.senders) {
    const sender = new SenderRecord(sent, evidence);
    for (const receiver of evidence.receivers) {
      const findings = findingsOf(evidence, sender, receiver);
      const { expected, received, doubled, announced, silent } = findings;
      failures.push(...failuresOf(findings));
      pairs.push({
        ...{ sender: sender.name, receiver: receiver.plan.name, expected, received, doubled, announced },
        silent: silent.length,
      });
    }
    const remote = evidence.receivers.filter(({ plan }) => plan.name !== sender.name);
    const isMissing = missingSomewhere(sent.emitted, sender.name, remote);
    failures.push(
      ...sender.unannouncedDrops(isMissing).map((text) => ({ kind: "unannounced drop", text, numbers: [] }) as const),
      ...failuresOfDrops(sender),
    );
  }
  return { pairs, failures };
}

function missingSomewhere(
  emitted: readonly Emitted[],
  sender: string,
  receivers: readonly ReceiverEvidence[],
): (number: number) => boolean {
  const seen = receivers.map(({ plan, arrivals }) => ({ plan, numbers: new Set(arrivals.get(sender)?.numbers) }));
  return (number) => {
    const run = emitted.findLast(({ first }) => first <= number);
    return seen.some(({ plan, numbers }) => run?.receivers.includes(plan.name) && !numbers.has(number));
  };
}
