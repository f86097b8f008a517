const MAX_LENGTH = 80;

/** A value for an error message or a log line: as JSON, so that it stays on one line, and short. */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
  } catch {
    // What JSON has no form for is named by its type.
  }
  text ??= typeof value;
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text;
}
