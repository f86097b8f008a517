import { printableLine } from "./printable.js";

const MAX_LENGTH = 80;

/** A value for an error message or a log line: as JSON, on one line, with nothing that a terminal obeys, and short. */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
  } catch {
    // What JSON has no form for is named by its type.
  }
  return shorten(text ?? typeof value);
}

function shorten(text: string): string {
  // Not a pair of surrogates that is cut in two.
  const line = printableLine(text.slice(0, MAX_LENGTH + 1));
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH - 1).replace(/\p{Cs}$/u, "")}…` : line;
}
