/** What stands before the first colon that is not in quotes. */
const OPERAND = /^((?:"[^"]*"|(?!: )[^"])*): /;

/** Text in quotes, which stays, or a word with a digit: an address, a port, a duration, an identifier. */
const QUOTED_OR_VARIABLE = /"[^"]*"|[\w.:-]*\d[\w.:-]*/g;

/** Characters of a message that make its key: a broker may say anything, and these patterns take long for a long text. */
const MAX_LENGTH = 1_000;

/**
 * A key that is the same for all error messages that give the same reason for the same operand. Client libraries put into
 * a reason what is different each time: the address that a name was resolved to, local ports, durations, identifiers of a
 * request, and the errors of several addresses in any order.
 */
export function reasonKey(text: string): string {
  const message = text.slice(0, MAX_LENGTH);
  const operand = OPERAND.exec(message)?.[1] ?? "";
  const reasons = message
    .slice(operand.length)
    .replace(QUOTED_OR_VARIABLE, (part) => (part.startsWith('"') ? part : "#"))
    .split(";")
    .map((reason) => reason.replace(/^[\s:]+|[\s.]+$/g, ""));
  return [operand, ...[...new Set(reasons)].sort()].join("\n");
}
