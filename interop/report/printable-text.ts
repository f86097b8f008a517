/** A copy of plain data with every string replaced by `change(string)`. */
export function mapTexts<Data>(data: Data, change: (text: string) => string): Data {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) => (typeof value === "string" ? change(value) : value));
}

/**
 * Replaces control characters, direction marks and lone surrogates, which change how the text around them is displayed,
 * by `\uXXXX`. Line breaks and tabs stay.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[^\t\n\P{Cc}]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
