/** Plain data with each of its texts as `change` makes it. */
export function changeTexts<Data>(data: Data, change: (text: string) => string): Data {
  return JSON.parse(JSON.stringify(data), (_, value: unknown) => (typeof value === "string" ? change(value) : value));
}

/**
 * Controls and marks of direction, which change how the text around them is shown, by their number. New lines and tabs
 * stay.
 */
export function visible(text: string): string {
  return text.replaceAll(
    /[^\t\n\P{Cc}]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cs}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
