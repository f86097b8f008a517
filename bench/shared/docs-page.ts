import { cpus, release, totalmem } from "node:os";

/**
 * Replaces the generated part of a page, between two markers.
 *
 * @param command - generates it, after `npm run`; the markers contain it
 * @throws Error when the page does not have both markers, in order
 */
export function replacePart(page: string, command: string, text: string): string {
  const marker = (place: string) => `<!-- made by npm run ${command}: ${place} -->`;
  const [begin, end] = [page.indexOf(marker("begin")), page.indexOf(marker("end"))];
  if (begin < 0 || end < begin) {
    throw new Error(`the page has no place for the table: it takes the lines ${marker("begin")} and ${marker("end")}`);
  }
  return `${page.slice(0, begin + marker("begin").length)}\n\n${text}\n\n${page.slice(end)}`;
}

/** The machine that was measured on, in one line. */
export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim()}, ${memory} GiB, ${process.platform} ${release()}, Node ${process.version}`;
}
