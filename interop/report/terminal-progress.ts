import { bold, dim } from "../../src/cli/style.js";
import type { PeerKind } from "../../src/testing/python-peer.js";
import type { Progress } from "../run-interop.js";
import { visible } from "./printable-text.js";
import type { Cell, Result } from "./report.js";
import { duration, KIND_TITLES, SYMBOLS } from "./summary.js";
import { COLOURS } from "./terminal-report.js";

/** Where progress is shown. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

const UP = "\x1b[1A";
const CLEAR_BELOW = "\x1b[0J";

/** One line that is written over until it is done; without a terminal, only what it was in the end. */
export class StatusLine {
  readonly #screen: Screen;
  #isShown = false;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** In place of what was shown before. */
  show(text: string): void {
    if (this.#screen.isTTY) {
      this.clear();
      // One line of the terminal, or clearing would leave the rest.
      this.#screen.write(`${[...text].slice(0, (this.#screen.columns || 80) - 1).join("")}\n`);
      this.#isShown = true;
    }
  }

  clear(): void {
    if (this.#isShown) {
      this.#screen.write(`\r${UP}${CLEAR_BELOW}`);
      this.#isShown = false;
    }
  }

  /** Stays. */
  say(text: string): void {
    this.clear();
    this.#screen.write(`${text}\n`);
  }
}

function tally(cells: readonly Cell[]): string {
  const results: readonly Result[] = ["pass", "fail", "cannot", "unavailable"];
  return results
    .map((result) => [result, cells.filter((cell) => cell.result === result).length] as const)
    .filter(([, count]) => count > 0)
    .map(([result, count]) => COLOURS[result](`${SYMBOLS[result]} ${count}`))
    .join("  ");
}

/** One failure makes a kind fail; and what was not tried does not work. */
function verdict(cells: readonly Cell[]): Result {
  if (cells.some(({ result }) => result === "fail")) {
    return "fail";
  }
  return cells.every(({ result }) => result === "unavailable") ? "unavailable" : "pass";
}

/** A line per kind when it is through, and in a terminal one below that moves. */
export function showProgress(screen: Screen): (progress: Progress) => void {
  const status = new StatusLine(screen);
  const cells: Cell[] = [];
  let width = 0;
  let begun = performance.now();
  const finish = (kind: PeerKind) => {
    const own = cells.filter((cell) => cell.kind === kind);
    const mark = COLOURS[verdict(own)](SYMBOLS[verdict(own)]);
    const time = dim(duration(Math.round(performance.now() - begun)));
    if (verdict(own) === "unavailable") {
      status.say(`  ${mark} ${bold(kind.padEnd(width))}  ${dim(`not available: ${visible(own[0]?.reason ?? "")}`)}`);
      return;
    }
    status.say(`  ${mark} ${bold(kind.padEnd(width))}  ${tally(own)}  ${time}  ${dim(KIND_TITLES[kind])}`);
  };
  return (progress) => {
    switch (progress.type) {
      case "detected": {
        const { versions, queue, channel } = progress;
        width = Math.max(...progress.kinds.map((kind) => kind.length));
        status.say(`  ${bold(`python-socketio ${versions["python-socketio"]}`)} on Python ${versions.Python}`);
        status.say(`  ${dim("queue")}    ${queue}\n  ${dim("channel")}  ${channel}\n`);
        break;
      }
      case "starting":
        begun = performance.now();
        status.show(`    ${progress.kind.padEnd(width)}  starting`);
        break;
      case "cell": {
        cells.push(progress.cell);
        const { kind, scenario } = progress.cell;
        status.show(`    ${kind.padEnd(width)}  ${progress.done}/${progress.total}  ${scenario}`);
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
