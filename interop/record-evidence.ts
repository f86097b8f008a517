import { toTyped } from "../src/testing/typed-json.js";
import type { Tap } from "./channel-tap.js";
import type { Evidence } from "./report/report.js";
import { CHECK } from "./restartable-testbed.js";
import type { MixedFleet, NamedClient } from "./testbed.js";

/** Most events of a client, lines of the log, and characters of each that a report shows. */
const MAX_EVENTS = 40;
const MAX_LINES = 20;
const MAX_TEXT = 2_000;

/** A late event of a scenario that ran before, or of a check between two. */
const OF_ANOTHER = /^[a-z-]+#[0-9a-f]{4,}/;

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

function first(items: readonly string[], most: number): readonly string[] {
  return items.length <= most ? items : [...items.slice(0, most), `… and ${items.length - most} more`];
}

/**
 * Begins to watch.
 *
 * @param prefix - of the scenario's own events
 * @param clients - those of the fleet; more may be added until the end
 * @returns what was said since
 */
export function readEvidence(
  prefix: string,
  fleet: MixedFleet,
  clients: readonly NamedClient[],
  tap: Tap,
): () => Evidence {
  const isOwn = ([name]: readonly unknown[]) => String(name).startsWith(prefix) || !OF_ANOTHER.test(String(name));
  const before = new Map(clients.map((client) => [client, client.client.received().length]));
  const { log } = fleet.python.program;
  const nodeLines = fleet.node.log.length;
  const lastLine = log.at(-1);
  tap.begin();
  return () => {
    const pythonLines = lastLine === undefined ? log : log.slice(log.lastIndexOf(lastLine) + 1);
    const lines = [
      ...fleet.node.log.slice(nodeLines).map((line) => `node: ${line}`),
      ...pythonLines.map((line) => `python: ${line}`),
    ];
    const received = clients.map((client) => ({
      client: client.name,
      events: first(
        client.client
          .received()
          .slice(before.get(client) ?? 0)
          .filter(isOwn)
          .map((event) => cut(JSON.stringify(toTyped(event)))),
        MAX_EVENTS,
      ),
    }));
    return {
      published: tap.messages().filter(({ text }) => !text.includes(CHECK)),
      received,
      log: first(lines.map(cut), MAX_LINES),
    };
  };
}
