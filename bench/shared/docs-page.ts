import { cpus, release, totalmem } from "node:os";

/** @param rows - the first two are the titles and their alignment */
export function markdown(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * Puts a text into its place on a page, where that of an earlier measurement may be.
 *
 * @param program - of the command that makes the text; the markers name it
 * @throws Error when the page does not have both markers, in order
 */
export function replacePart(page: string, program: string, text: string): string {
  const marker = (place: string) => `<!-- made by npm run ${program} -- --write: ${place} -->`;
  const [begin, end] = [page.indexOf(marker("begin")), page.indexOf(marker("end"))];
  if (begin < 0 || end < begin) {
    throw new Error(`the page has no place for the table: it takes the lines ${marker("begin")} and ${marker("end")}`);
  }
  return `${page.slice(0, begin + marker("begin").length)}\n\n${text}\n\n${page.slice(end)}`;
}

/** What a reader needs to judge figures by. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim()}, ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}`;
}
