import { toTyped } from "../src/testing/typed-json.js";
import type { ChannelTap } from "./channel-tap.js";
import type { Evidence } from "./report/report.js";
import { CHECK_PREFIX } from "./restartable-testbed.js";
import type { NamedClient, Testbed } from "./testbed.js";

/** Most events of a client, lines of the log, and characters of each, in a report. */
const MAX_EVENTS = 40;
const MAX_LINES = 20;
const MAX_TEXT = 2_000;

/** A late event of an earlier scenario, or of a check between two scenarios. */
const OTHER_EVENT = /^[a-z-]+#[0-9a-f]{4,}/;

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text);

function first(items: readonly string[], most: number): readonly string[] {
  return items.length <= most ? items : [...items.slice(0, most), `… and ${items.length - most} more`];
}

/**
 * Starts recording what crosses the channel, what clients receive, and what hosts log.
 *
 * @param prefix - of the scenario's own events
 * @param clients - those of the testbed; more may be added until the end
 * @returns a function that gives what was recorded since
 */
export function recordEvidence(
  prefix: string,
  testbed: Testbed,
  clients: readonly NamedClient[],
  tap: ChannelTap,
): () => Evidence {
  const isOwn = ([name]: readonly unknown[]) => String(name).startsWith(prefix) || !OTHER_EVENT.test(String(name));
  const before = new Map(clients.map((client) => [client, client.client.received().length]));
  const { log } = testbed.python.program;
  const nodeLines = testbed.node.log.length;
  const lastLine = log.at(-1);
  tap.restart();
  return () => {
    const pythonLines = lastLine === undefined ? log : log.slice(log.lastIndexOf(lastLine) + 1);
    const lines = [
      ...testbed.node.log.slice(nodeLines).map((line) => `node: ${line}`),
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
      published: tap.messages().filter(({ text }) => !text.includes(CHECK_PREFIX)),
      received,
      log: first(lines.map(cut), MAX_LINES),
    };
  };
}
