/** What stands before the first colon that is not in quotes. */
const OPERAND = /^((?:"[^"]*"|(?!: )[^"])*): /;

/** Text in quotes, which stays, or a word with a digit: an address, a port, a duration, an identifier. */
const QUOTED_OR_VARIABLE = /"[^"]*"|[\w.:-]*\d[\w.:-]*/g;

/**
 * A key that is the same for all error messages that give the same reason for the same operand. Client libraries put into
 * a reason what is different each time: the address that a name was resolved to, local ports, durations, identifiers of a
 * request, and the errors of several addresses in any order.
 */
export function reasonKey(message: string): string {
  const operand = OPERAND.exec(message)?.[1] ?? "";
  const reasons = message
    .slice(operand.length)
    .replace(QUOTED_OR_VARIABLE, (text) => (text.startsWith('"') ? text : "#"))
    .split(";")
    .map((reason) => reason.replace(/^[\s:]+|[\s.]+$/g, ""));
  return [operand, ...[...new Set(reasons)].sort()].join("\n");
}
