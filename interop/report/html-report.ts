import type { PeerKind } from "../../src/testing/python-peer.js";
import type { Direction } from "../scenarios/scenario.js";
import { toPage } from "./html-page.js";
import { type Html, html } from "./html-template.js";
import type { Cell, FailedStart, Published, Received, Report, Result } from "./report.js";
import {
  cellAt,
  count,
  DIRECTION_TITLES,
  duration,
  KIND_TITLES,
  RESULT_TITLES,
  RESULTS,
  reasonsOf,
  rowsOf,
  SYMBOLS,
  summary,
} from "./summary.js";

/** The reasons in the order in which they are listed below the matrix, where each has a number. */
interface Numbers {
  readonly fail: readonly string[];
  readonly cannot: readonly string[];
}

const took = ({ notTried, milliseconds }: Cell): string => (notTried ? "not tried" : duration(milliseconds));

function chip(cell: Cell, numbers: Numbers): Html {
  const { result, kind, reason = "" } = cell;
  const symbol = html`<span aria-hidden="true">${SYMBOLS[result]}</span><span class="hidden">${RESULT_TITLES[result]}</span>`;
  const time = html`<small>${took(cell)}</small>`;
  switch (result) {
    case "pass":
      return html`<span class="chip pass">${symbol}${time}</span>`;
    case "fail":
      return html`<a class="chip fail" href="#fail-${numbers.fail.indexOf(reason) + 1}">${symbol}${time}</a>`;
    case "cannot": {
      const number = numbers.cannot.indexOf(reason) + 1;
      return html`<a class="chip cannot" href="#cannot-${number}">${symbol}<sup>${number}</sup></a>`;
    }
    case "unavailable":
      return html`<a class="chip unavailable" href="#unavailable-${kind}">${symbol}</a>`;
    default:
      return result satisfies never;
  }
}

function group(report: Report, direction: Direction, numbers: Numbers): Html {
  const rows = rowsOf(report, direction);
  if (rows.length === 0) {
    return html``;
  }
  return html`<tbody>
<tr class="group"><th scope="rowgroup" colspan="${report.kinds.length + 1}">${DIRECTION_TITLES[direction]}</th></tr>
${rows.map((row) => {
  const cells = report.kinds.map((kind) => {
    const cell = cellAt(report, row, kind);
    return html`<td>${cell === undefined ? html`<span class="hidden">does not apply</span>` : chip(cell, numbers)}</td>`;
  });
  return html`<tr><th scope="row"><div class="name">${row.title} <code>${row.scenario}</code></div></th>${cells}</tr>\n`;
})}</tbody>`;
}

function timeOf({ cells }: Report, kind: PeerKind): string {
  return duration(cells.filter((cell) => cell.kind === kind).reduce((sum, { milliseconds }) => sum + milliseconds, 0));
}

function matrix(report: Report): Html {
  const texts = (result: Result) => reasonsOf(report, result).map(({ reason }) => reason);
  const numbers = { fail: texts("fail"), cannot: texts("cannot") };
  const heads = report.kinds.map((kind) => html`<th scope="col">${kind}<span>${KIND_TITLES[kind]}</span></th>`);
  const times = report.kinds.map((kind) => html`<td>${timeOf(report, kind)}</td>`);
  return html`<div class="card scroll" tabindex="0" role="region" aria-label="The matrix">
<table class="matrix">
<thead><tr><th scope="col">Scenario</th>${heads}</tr></thead>
${group(report, "python-to-node", numbers)}
${group(report, "node-to-python", numbers)}
<tfoot><tr><th scope="row">Time, with the start of the peers</th>${times}</tr></tfoot>
</table>
</div>`;
}

function legend(report: Report): Html {
  const items = RESULTS.filter((result) => count(report, result) > 0).map((result) => {
    const content = html`<span aria-hidden="true">${SYMBOLS[result]}</span>${count(report, result)} ${RESULT_TITLES[result]}`;
    return result === "pass"
      ? html`<li><span class="chip pass">${content}</span></li>`
      : html`<li><a class="chip ${result}" href="#${result}">${content}</a></li>`;
  });
  return html`<ul class="legend">${items}</ul>`;
}

function message({ at, by, text, bytes }: Published): Html {
  return html`<div class="message"><small>+${at} ms</small><div><span class="chip ${by}">${by}</span> <small>${bytes} bytes</small></div><pre>${text}</pre></div>`;
}

function receiver({ client, events }: Received): Html {
  const content =
    events.length === 0 ? html`<span class="muted">nothing</span>` : html`<pre>${events.join("\n")}</pre>`;
  return html`<div class="client"><p>${client}</p>${content}</div>`;
}

function evidenceOf({ evidence }: Cell): Html {
  if (evidence === undefined) {
    return html``;
  }
  const { published, received, log } = evidence;
  const nothing = html`<p class="muted">nothing</p>`;
  const lines = html`<h3>Log of the hosts</h3><pre>${log.join("\n")}</pre>`;
  return html`<div class="sides">
<section><h3>Published on the channel</h3>${published.length === 0 ? nothing : published.map(message)}</section>
<section><h3>Received by the clients</h3>${received.map(receiver)}</section>
</div>${log.length === 0 ? "" : lines}`;
}

/** The cells besides the first that have the same reason: a line per kind of peer. */
function others(report: Report, cells: readonly Cell[]): Html {
  if (cells.length === 0) {
    return html``;
  }
  const lines = report.kinds.flatMap((kind) => {
    const titles = cells.filter((cell) => cell.kind === kind).map((cell) => titleOf(report, cell));
    return titles.length === 0 ? [] : [html`<li><span class="chip fail">${kind}</span> ${titles.join("; ")}</li>`];
  });
  return html`<h3>And ${cells.length} more with the same reason</h3><ul class="others">${lines}</ul>`;
}

const titleOf = ({ rows }: Report, { scenario }: Cell): string =>
  rows.find((row) => row.scenario === scenario)?.title ?? scenario;

/** A reason that several cells have is shown once, with the evidence of the first. */
function failures(report: Report): Html {
  const details = reasonsOf(report, "fail").map(({ reason, cells: [cell, ...more] }, index) => {
    if (cell === undefined) {
      return html``;
    }
    return html`<details class="card" open id="fail-${index + 1}">
<summary><strong>${titleOf(report, cell)}</strong> <span class="chip fail">${cell.kind}</span> <span class="muted">${DIRECTION_TITLES[cell.direction]}, ${took(cell)}</span></summary>
<div class="evidence"><pre class="reason fail">${reason}</pre>${others(report, more)}${evidenceOf(cell)}</div>
</details>`;
  });
  return details.length === 0 ? html`` : html`<h2 id="fail">What failed</h2>${details}`;
}

function reasons(report: Report): Html {
  const cannot = reasonsOf(report, "cannot").map(
    ({ reason }, index) => html`<li id="cannot-${index + 1}">${reason}</li>`,
  );
  const missing = report.kinds.flatMap((kind) => {
    const cell = report.cells.find((one) => one.kind === kind && one.result === "unavailable");
    return cell === undefined ? [] : [html`<li id="unavailable-${kind}">${kind}: ${cell.reason ?? ""}</li>`];
  });
  return html`${cannot.length === 0 ? "" : html`<h2 id="cannot">What python-socketio ${report.release} cannot</h2><ol class="card reasons">${cannot}</ol>`}
${missing.length === 0 ? "" : html`<h2 id="unavailable">What is not available</h2><ul class="card reasons">${missing}</ul>`}
${report.notes.map((note) => html`<p class="muted">${note}</p>`)}`;
}

function versions(report: Report): Html {
  const items = Object.entries(report.versions).map(
    ([name, version]) => html`<div><dt>${name}</dt><dd>${version}</dd></div>`,
  );
  return html`<h2>Versions</h2><dl class="card versions">${items}</dl>`;
}

const startOf = (startedAt: string): string => startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC");

/** The matrix, the failures with their evidence, and the reasons. */
export function toHtml(report: Report): string {
  return toPage({
    verdict: report.ok ? "pass" : "fail",
    title: `Node and python-socketio ${report.release}`,
    summary: summary(report),
    facts: {
      Queue: report.queue,
      Channel: report.channel,
      Encoding: report.encoding,
      Started: startOf(report.startedAt),
      Took: duration(report.milliseconds),
      ...(report.triedWith === undefined ? {} : { "Tried with": report.triedWith }),
    },
    content: [legend(report), matrix(report), failures(report), reasons(report), versions(report)],
  });
}

/** Only the reason. */
export function failedStartToHtml({ startedAt, queue, error }: FailedStart): string {
  return toPage({
    verdict: "fail",
    title: "Node and python-socketio",
    summary: "nothing was tried",
    facts: { Queue: queue, Started: startOf(startedAt) },
    content: [html`<h2>Why</h2><pre class="card reason fail">${error}</pre>`],
  });
}
