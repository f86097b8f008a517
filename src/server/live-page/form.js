/** Parses input, and shows errors next to the field. */

/**
 * Arguments are separated by commas, so empty text means no arguments.
 *
 * @param {string} text
 * @returns {{ args: unknown[] } | { error: string }}
 */
export function parseArguments(text) {
  try {
    return { args: JSON.parse(`[${text}\n]`) };
  } catch {
    return { error: explain(text) };
  }
}

/**
 * The most likely mistake. Many people type Python literals, and the error of JSON.parse has positions in a text that
 * nobody typed.
 *
 * @param {string} text
 */
function explain(text) {
  // Without strings, whose contents would mislead the checks below.
  const bare = text.replace(/"(?:[^"\\\n]|\\.)*"/g, "§");
  const word = bare.match(/[A-Za-z_$][\w$]*/g)?.find((found) => !/^(true|false|null|[eE]\d*)$/.test(found));
  if (bare.includes("'")) {
    return 'Use double quotes for JSON strings: "like this".';
  }
  if (bare.includes('"')) {
    return "A string is missing its closing quote.";
  }
  if (word === "True" || word === "False" || word === "None") {
    return `JSON has true, false and null instead of ${word}.`;
  }
  if (word !== undefined) {
    return `Strings need double quotes: "${word}".`;
  }
  return explainSigns(bare);
}

/** @param {string} bare */
function explainSigns(bare) {
  const open = [];
  for (const sign of bare.replace(/[^[\]{}]/g, "")) {
    if (sign === "[" || sign === "{") {
      open.push(sign === "[" ? "]" : "}");
      continue;
    }
    const expected = open.pop();
    if (expected !== sign) {
      return expected === undefined ? `Unexpected ${sign}.` : `Expected ${expected} instead of ${sign}.`;
    }
  }
  if (open.length > 0) {
    return `A closing ${open.at(-1)} is missing.`;
  }
  if (/,\s*([\]},]|$)|(^|[[{])\s*,/.test(bare)) {
    return "There is a comma without a value.";
  }
  if (/[§\d}\]]\s+[§\d{[]|[}\]§]\s*[§{[]/.test(bare)) {
    return "A comma (or a colon) is missing between two values.";
  }
  return 'This is not JSON. Examples: {"from": "me"}, or "text", 42, or nothing.';
}

/**
 * Shows the error message of a field, or removes it.
 *
 * @param {HTMLElement} field
 * @param {HTMLElement} place
 * @param {string} message `""` for none
 */
export function showError(field, place, message) {
  // A live region would announce the same text again.
  if (place.textContent !== message) {
    place.textContent = message;
  }
  if (message === "") {
    field.removeAttribute("aria-invalid");
  } else {
    field.setAttribute("aria-invalid", "true");
  }
}
