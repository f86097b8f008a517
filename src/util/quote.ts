/** An operand for a message: JSON, so that it stays on one line, and short. */
export function quote(value: unknown): string {
  let text: string | undefined;
  try {
    text = typeof value === "bigint" ? value.toString() : JSON.stringify(value);
  } catch {
    // What JSON cannot say is named by its type.
  }
  text ??= typeof value;
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
