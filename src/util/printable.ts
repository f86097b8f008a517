/**
 * What changes how the text around it is shown, or is taken for a command by a terminal or for the end of a line by a log:
 * control characters (C0 and C1), line and paragraph separators, marks of writing direction, lone surrogates.
 */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** Of several lines: line breaks and tabs stay. */
const UNPRINTABLE_IN_LINES = /[^\t\n\P{Cc}]|[\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/gu;

/** As JSON writes them, so that JSON keeps its meaning. */
const SHORT: Readonly<Record<string, string>> = { "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r" };

const escaped = (character: string): string =>
  SHORT[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;

/** Foreign text for a terminal or a report: what cannot be shown is replaced by `\uXXXX`. Line breaks and tabs stay. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE_IN_LINES, escaped);
}

/** Foreign text for one line of a log. */
export function printableLine(text: string): string {
  return text.replace(UNPRINTABLE, escaped);
}
