import type { PeerKind } from "../../src/testing/python-peer.js";
import { LiveLines, type Screen } from "../../src/util/live-lines.js";
import { printable } from "../../src/util/printable.js";
import { bold, dim } from "../../src/util/terminal-style.js";
import type { Progress } from "../progress.js";
import { mapTexts } from "./map-texts.js";
import type { Cell, Result } from "./report.js";
import { duration, KIND_TITLES, RESULTS, SYMBOLS } from "./summary.js";
import { COLOURS } from "./terminal-report.js";

function tally(cells: readonly Cell[]): string {
  return RESULTS.map((result) => [result, cells.filter((cell) => cell.result === result).length] as const)
    .filter(([, count]) => count > 0)
    .map(([result, count]) => COLOURS[result](`${SYMBOLS[result]} ${count}`))
    .join("  ");
}

/** One failure makes a kind fail; a kind of which nothing could be tried does not pass. */
function verdict(cells: readonly Cell[]): Result {
  if (cells.some(({ result }) => result === "fail")) {
    return "fail";
  }
  return cells.every(({ result }) => result === "unavailable") ? "unavailable" : "pass";
}

/** Shows the progress of a run: a line for each finished kind of peer, and in a terminal the current scenario below. */
export function progressOn(screen: Screen): (progress: Progress) => void {
  const lines = new LiveLines(screen);
  const cells: Cell[] = [];
  let width = 0;
  let start = performance.now();
  const finish = (kind: PeerKind) => {
    const own = cells.filter((cell) => cell.kind === kind);
    const result = verdict(own);
    const head = `  ${COLOURS[result](SYMBOLS[result])} ${bold(kind.padEnd(width))}`;
    if (result === "unavailable") {
      lines.print(`${head}  ${dim(`not available: ${own[0]?.reason ?? ""}`)}`);
      return;
    }
    const time = dim(duration(Math.round(performance.now() - start)));
    lines.print(`${head}  ${tally(own)}  ${time}  ${dim(KIND_TITLES[kind])}`);
  };
  return (original) => {
    const progress = mapTexts(original, printable);
    switch (progress.type) {
      case "detected": {
        const { versions, queue, channel } = progress;
        width = Math.max(...progress.kinds.map((kind) => kind.length));
        lines.print(`  ${bold(`python-socketio ${versions["python-socketio"]}`)} on Python ${versions.Python}`);
        lines.print(`  ${dim("queue")}    ${queue}\n  ${dim("channel")}  ${channel}\n`);
        break;
      }
      case "starting":
        start = performance.now();
        lines.show([`    ${progress.kind.padEnd(width)}  starting`]);
        break;
      case "cell": {
        cells.push(progress.cell);
        const { kind, scenario } = progress.cell;
        lines.show([`    ${kind.padEnd(width)}  ${progress.done}/${progress.total}  ${scenario}`]);
        break;
      }
      case "finished":
        finish(progress.kind);
        break;
      default:
        progress satisfies never;
    }
  };
}
